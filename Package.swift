// swift-tools-version: 6.2
import PackageDescription

// One target per room of the house; ARCHITECTURE.md draws the layers. A target may import only what is listed here,
// and `make check` compares the two.

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let heaps = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let orderedCollections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
]

let package = Package(
    name: "edgepipe",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "edgepipe", targets: ["edgepipe"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Layer 0: ground, on two rooms of C
        .target(name: "CKernels"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .target(name: "BinaryIO", dependencies: [crypto, system], swiftSettings: strict),
        .target(name: "Tensors", swiftSettings: strict),
        .target(name: "Zstd", dependencies: ["CZstd"], swiftSettings: strict),
        .target(name: "Work", dependencies: ["CKernels"], swiftSettings: strict),

        // Layer 1: files, text, blocks, bytes from servers
        .target(name: "BlockFormats", dependencies: ["CKernels", "Tensors"], swiftSettings: strict),
        .target(
            name: "GGUF",
            dependencies: ["BinaryIO", "Tensors", "Work", orderedCollections, system],
            swiftSettings: strict
        ),
        .target(name: "Settings", dependencies: ["BinaryIO", system, yams], swiftSettings: strict),
        .target(name: "Safetensors", dependencies: ["BinaryIO", "Tensors", system], swiftSettings: strict),
        .target(name: "Tokenizers", dependencies: [heaps], swiftSettings: strict),
        .target(
            name: "Transfer",
            dependencies: ["BinaryIO", "Work", crypto, httpClient, nio, nioHTTP, nioPosix, nioSSL, system],
            swiftSettings: strict
        ),

        // Layer 2: what a model is made of
        .target(name: "Architectures", dependencies: ["GGUF", "Tensors", system], swiftSettings: strict),

        // Layer 3: change, run or fetch a model
        .target(
            name: "Conversion",
            dependencies: [
                "BinaryIO", "BlockFormats", "GGUF", "Safetensors", "Tensors", "Tokenizers", "Work", system, yams,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Inference",
            dependencies: [
                "Architectures", "BlockFormats", "CKernels", "GGUF", "Tensors", "Tokenizers", "Work", system,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ModelHub",
            dependencies: ["BinaryIO", "Transfer", "Work", httpClient, nioHTTP, system],
            swiftSettings: strict
        ),
        .target(
            name: "ObjectStorage",
            dependencies: ["BinaryIO", "Transfer", crypto, httpClient, nioHTTP, system],
            swiftSettings: strict
        ),
        .target(
            name: "Quantization",
            dependencies: ["Architectures", "BinaryIO", "BlockFormats", "GGUF", "Tensors", "Work", system],
            swiftSettings: strict
        ),

        .target(
            name: "Delta",
            dependencies: ["BinaryIO", "GGUF", "Work", "Zstd", system],
            swiftSettings: strict
        ),

        // Layer 4: judge, estimate, spend bytes, remember
        .target(
            name: "DeviceFit",
            dependencies: ["Architectures", "BinaryIO", "GGUF", "Settings", "Tensors", system, yams],
            resources: [.embedInCode("Catalogue")],
            swiftSettings: strict
        ),
        .target(
            name: "Evaluation",
            dependencies: [
                "Architectures", "BinaryIO", "BlockFormats", "GGUF", "Inference", "Quantization", "Tensors",
                "Tokenizers", "Work", system,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Recipes",
            dependencies: ["BinaryIO", "BlockFormats", "GGUF", "Quantization", "Tensors", "Work", system],
            swiftSettings: strict
        ),
        .target(
            name: "Registry",
            dependencies: ["BinaryIO", "CZstd", "ObjectStorage", "Work", "Zstd", crypto, grdb, system],
            swiftSettings: strict
        ),

        // Layer 5: tell
        .target(
            name: "Briefs",
            dependencies: ["Architectures", "BinaryIO", "DeviceFit", "Registry"],
            swiftSettings: strict
        ),

        // Layer 6: order work, answer questions, carry builds
        .target(
            name: "Answers",
            dependencies: [
                "Architectures", "BinaryIO", "BlockFormats", "Briefs", "Conversion", "DeviceFit", "Evaluation", "GGUF",
                "Inference", "ModelHub", "ObjectStorage", "Registry", "Safetensors", "Tensors", "Tokenizers", "Work",
                system,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Distribution",
            dependencies: [
                "Architectures", "BinaryIO", "Delta", "DeviceFit", "GGUF", "Inference", "Registry", "Tensors",
                "Transfer",
                "Work",
                httpClient, nioHTTP, system,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Pipeline",
            dependencies: [
                "BinaryIO", "Registry", "Settings", "Transfer", "Work", httpClient, nioHTTP, system, yams,
            ],
            swiftSettings: strict
        ),

        // Layer 7: what each kind of step is
        .target(
            name: "Steps",
            dependencies: [
                "Answers", "Architectures", "BinaryIO", "BlockFormats", "Briefs", "Conversion", "DeviceFit",
                "Distribution", "Evaluation", "GGUF", "Inference", "ModelHub", "Pipeline", "Quantization", "Recipes",
                "Registry", "Settings", "Tensors", "Work", system, yams,
            ],
            swiftSettings: strict
        ),

        // Layer 7: what people and programs are shown of a registry, without a server
        .target(
            name: "Site",
            dependencies: [
                "Answers", "Architectures", "BinaryIO", "Briefs", "DeviceFit", "Distribution", "Registry", "Work",
                system,
            ],
            swiftSettings: strict
        ),

        // Layer 8: the same over HTTP
        .target(
            name: "Server",
            dependencies: [
                "Answers", "Architectures", "BinaryIO", "Briefs", "Delta", "DeviceFit", "Distribution", "GGUF",
                "Pipeline", "Registry", "Site", "Work",
                crypto, httpTypes, hummingbird, hummingbirdCore, hummingbirdTLS, lifecycle, logging, nio, nioPosix,
                nioSSL,
                system, unixSignals,
            ],
            swiftSettings: strict
        ),

        // Layer 8: the same on many machines
        .target(
            name: "Cluster",
            dependencies: ["BinaryIO", "Pipeline", "Registry", "Steps", "Work", system],
            swiftSettings: strict
        ),

        // Layer 9: options in, one call, text out
        .executableTarget(
            name: "edgepipe",
            dependencies: [
                "Answers", "Architectures", "BinaryIO", "BlockFormats", "Briefs", "Cluster", "Conversion", "Delta",
                "DeviceFit", "Distribution", "Evaluation", "GGUF", "Inference", "ModelHub", "ObjectStorage",
                "Pipeline", "Quantization",
                "Recipes", "Registry", "Safetensors", "Server", "Settings", "Site", "Steps", "Tokenizers", "Work",
                argumentParser,
                system,
            ],
            swiftSettings: strict
        ),

        // Measures; scripts/bench-registry-scale.sh runs it
        .executableTarget(
            name: "RegistryScale",
            dependencies: ["Answers", "BinaryIO", "DeviceFit", "Registry", system],
            path: "Benchmarks/RegistryScale",
            swiftSettings: strict
        ),

        // Tests mirror the sources one to one
        .target(
            name: "TestSupport",
            dependencies: ["BinaryIO", "Conversion", "GGUF", "Quantization", "Tensors", crypto, system],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "StepsTestSupport",
            dependencies: ["Answers", "Distribution", "Pipeline", "Registry", "Steps", "TestSupport", system],
            path: "Tests/StepsTestSupport",
            swiftSettings: strict
        ),
        .testTarget(
            name: "AnswersTests",
            dependencies: [
                "Answers", "Architectures", "BinaryIO", "Briefs", "DeviceFit", "Pipeline", "StepsTestSupport",
                "Registry", "TestSupport", "Work", "edgepipe", crypto, system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ArchitecturesTests",
            dependencies: [
                "Architectures", "BinaryIO", "DeviceFit", "GGUF", "Inference", "TestSupport", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BinaryIOTests",
            dependencies: ["BinaryIO", "TestSupport", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BlockFormatsTests",
            dependencies: ["BinaryIO", "BlockFormats", "CKernels", "TestSupport", "Tensors", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ClusterTests",
            dependencies: ["BinaryIO", "Cluster", "Pipeline", "Steps", "TestSupport", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConversionTests",
            dependencies: ["BinaryIO", "Conversion", "GGUF", "Safetensors", "TestSupport", "Tensors", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DeltaTests",
            dependencies: ["BinaryIO", "Delta", "GGUF", "TestSupport", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DeviceFitTests",
            dependencies: [
                "Architectures", "Conversion", "DeviceFit", "GGUF", "Quantization", "Settings", "Tensors",
                "TestSupport", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "DistributionTests",
            dependencies: [
                "Answers", "BinaryIO", "DeviceFit", "Distribution", "GGUF", "Pipeline", "Registry", "Steps",
                "StepsTestSupport",
                "TestSupport", "Transfer", "edgepipe", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["BinaryIO", "GGUF", "Pipeline", "Settings", "Steps", "TestSupport", "edgepipe", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "Architectures", "BinaryIO", "BlockFormats", "Conversion", "Evaluation", "GGUF", "Inference",
                "Quantization", "Tensors", "TestSupport", "Tokenizers", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GGUFTests",
            dependencies: ["BinaryIO", "GGUF", "TestSupport", "Tensors", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "InferenceTests",
            dependencies: [
                "Architectures", "BinaryIO", "BlockFormats", "Conversion", "GGUF", "Inference", "Tensors",
                "TestSupport", "Tokenizers", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ModelHubTests",
            dependencies: ["BinaryIO", "ModelHub", "TestSupport", "Transfer", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: ["BinaryIO", "ObjectStorage", "TestSupport", "Transfer", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "BriefsTests",
            dependencies: ["BinaryIO", "Briefs", "DeviceFit", "TestSupport", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PipelineTests",
            dependencies: ["BinaryIO", "Pipeline", "Registry", "TestSupport", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "QuantizationTests",
            dependencies: [
                "BinaryIO", "BlockFormats", "Conversion", "GGUF", "Quantization", "Tensors", "TestSupport", "Work",
                system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RecipesTests",
            dependencies: [
                "BinaryIO", "Conversion", "GGUF", "Quantization", "Recipes", "TestSupport", "Tensors", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RegistryTests",
            dependencies: [
                "Registry", "BinaryIO", "CZstd", "ObjectStorage", "TestSupport", "Transfer", crypto, grdb, system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SafetensorsTests",
            dependencies: ["BinaryIO", "Safetensors", "TestSupport", "Tensors", system],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Answers", "BinaryIO", "DeviceFit", "Distribution", "Pipeline", "Registry", "Server", "Site", "Steps",
                "StepsTestSupport", "TestSupport", "Transfer", "edgepipe", httpTypes, hummingbird, hummingbirdTesting,
                nio,
                system,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SiteTests",
            dependencies: [
                "Answers", "BinaryIO", "Briefs", "DeviceFit", "Registry", "Site", "Steps", "StepsTestSupport",
                "TestSupport",
                "edgepipe", system,
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "WorkTests", dependencies: ["Work"], swiftSettings: strict),
        .testTarget(
            name: "StepsTests",
            dependencies: [
                "Answers", "Architectures", "BinaryIO", "BlockFormats", "Conversion", "DeviceFit", "Evaluation",
                "GGUF", "Inference", "Pipeline", "Quantization", "Recipes", "Registry", "Settings", "Steps",
                "StepsTestSupport", "Tensors", "TestSupport", "Work", "edgepipe", system, yams,
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "TensorsTests", dependencies: ["TestSupport", "Tensors"], swiftSettings: strict),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"], swiftSettings: strict),
        .testTarget(name: "TransferTests", dependencies: ["Transfer"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
