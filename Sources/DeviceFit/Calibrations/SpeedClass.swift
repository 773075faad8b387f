import Synchronization

/// How fast a kind of chip runs llama.cpp: two constants for generating, one for reading a prompt.
///
/// Generating a token takes `millisecondsPerGB` for every 10^9 bytes read plus `millisecondsPerBillion` for every 10^9
/// parameters. On Android the second term is as large as the first: bytes alone predict no phone [P].
struct SpeedClass: Sendable {
    enum Engine: String, Sendable {
        case cpu = "llama.cpp on the CPU"
        case metal = "llama.cpp on the GPU (Metal)"
    }

    let engine: Engine
    let millisecondsPerGB: Double
    let millisecondsPerBillion: Double
    /// Prompt tokens per second times 10^9 parameters without embeddings and output, which a prompt passes by; for Q4_0.
    let prefillConstant: Double
    let decodeSpread: Spread
    let prefillSpread: Spread
    let confidence: Confidence
    let prefillConfidence: Confidence
    let source: String
    let prefillSource: String

    private init(
        _ engine: Engine,
        perGB: Double,
        perBillion: Double,
        prefill: Double,
        _ confidence: Confidence,
        source: String,
        prefillConfidence: Confidence? = nil,
        prefillSource: String? = nil
    ) {
        self.engine = engine
        millisecondsPerGB = perGB
        millisecondsPerBillion = perBillion
        prefillConstant = prefill
        self.confidence = confidence
        self.prefillConfidence = prefillConfidence ?? confidence
        decodeSpread = Self.spread(confidence, .measured)
        prefillSpread = Self.spread(prefillConfidence ?? confidence, .measuredPrefill)
        self.source = source
        self.prefillSource = prefillSource ?? source
    }

    private static func spread(_ confidence: Confidence, _ measured: Spread) -> Spread {
        switch confidence {
        case .high: measured
        case .medium: .interpolated
        case .low: .guessed
        }
    }

    static func of(_ device: Device) -> SpeedClass {
        switch device.platform {
        case .ios: apple(device)
        case .android: measuredAndroid[device.soc] ?? interpolatedAndroid(device) ?? unmeasuredAndroid(device)
        }
    }

    /// [P] Least squares over five models, their types weighed (scripts/fit-type-factors.py). Prefill: the middle over models of P (scripts/back-test-fit.py).
    private static let measuredAndroid: [String: SpeedClass] = [
        "Snapdragon 8 Elite Gen 5": SpeedClass(
            .cpu,
            perGB: 13.6,
            perBillion: 6.1,
            prefill: 302,
            .high,
            source: "P",
            prefillSource: "P"
        ),
        "Dimensity 8400 (MT6899)": SpeedClass(
            .cpu,
            perGB: 23.2,
            perBillion: 9.0,
            prefill: 209,
            .high,
            source: "P",
            prefillSource: "P"
        ),
        "Snapdragon 8 Gen 2": SpeedClass(
            .cpu,
            perGB: 31.6,
            perBillion: 11.1,
            prefill: 154,
            .high,
            source: "P",
            prefillSource: "P"
        ),
    ]

    /// Share of the theoretical bandwidth, ms per 10^9 parameters, and prefill constant by class of chip; the last is
    /// the class's, less what embeddings were of the models it came from.
    private static func interpolatedAndroid(_ device: Device) -> SpeedClass? {
        let constants: (share: Double, perBillion: Double, prefill: Double)? =
            switch device.soc {
            case "Dimensity 9400", "Dimensity 9500": (0.95, 8, 300)
            case "Snapdragon 8 Gen 3", "Snapdragon 8 Elite", "Dimensity 9300": (0.75, 11, 250)
            // The middle of the class's ranges 0.58-0.73, 12-16 and 154-209.
            case "Dimensity 8100", "Dimensity 8200", "Dimensity 8300", "Dimensity 9000", "Dimensity 9200+":
                (0.655, 14, 180)
            default: nil
            }
        return constants.map { constants in
            SpeedClass(
                .cpu,
                perGB: 1000 / (device.bandwidthGBps * constants.share),
                perBillion: constants.perBillion,
                prefill: constants.prefill,
                device.isBandwidthSourced ? .medium : .low,
                source: "interpolated between P's phones"
            )
        }
    }

    /// Everything else on Android has no measurement: half of the bandwidth, and the rest scaled from the Snapdragon 8
    /// Gen 2 by gigahertz times big cores, within the bounds of what was measured.
    private static func unmeasuredAndroid(_ device: Device) -> SpeedClass {
        let power = CoreClusters(device.cpu).bigGigahertz / CoreClusters.snapdragon8Gen2
        return SpeedClass(
            .cpu,
            perGB: 1000 / (device.bandwidthGBps * 0.5),
            perBillion: power > 0 ? min(60, max(20, 16.2 / power)) : 60,
            prefill: min(100, max(25, 154 * power)),
            .low,
            source: "estimate, scaled from P"
        )
    }

    private static func apple(_ device: Device) -> SpeedClass {
        switch device.soc {
        // [LC, J] Three models at 0.67, 0.69 and 0.73 of 76.8 GB/s. Prefill was measured with MLX only.
        case "A19 Pro":
            SpeedClass(
                .metal,
                perGB: 1000 / (76.8 * 0.70),
                perBillion: 0,
                prefill: 1260,
                .high,
                source: "J, LC",
                prefillConfidence: .medium,
                prefillSource: "J (MLX as a proxy)"
            )
        // [LC] One model on the M5 at 0.71; the chips between share the share.
        case "A17 Pro", "A18", "A18 Pro", "A19", "M1", "M2", "M3", "M4", "M5":
            SpeedClass(
                .metal,
                perGB: 1000 / (device.bandwidthGBps * 0.70),
                perBillion: 0,
                prefill: 1260 * device.bandwidthGBps / 76.8,
                .medium,
                source: "interpolated from J and LC",
                prefillConfidence: .low,
                prefillSource: "estimate: J's MLX figure scaled by bandwidth"
            )
        // Older chips: no GPU measurement at all, so the row "no data".
        default:
            SpeedClass(
                .metal,
                perGB: 1000 / (device.bandwidthGBps * 0.5),
                perBillion: 0,
                prefill: 100,
                .low,
                source: "estimate: no data for this chip"
            )
        }
    }
}

/// The clusters of a processor, out of a line such as `1x X4 @ 3.3 GHz + 3x A720 @ 3.15 GHz + 2x A520 @ 2.27 GHz`.
struct CoreClusters {
    /// 3.2 + 2 x 2.8 + 2 x 2.8, without its three little cores.
    static let snapdragon8Gen2 = 14.4

    /// Gigahertz summed over all cores but those of the last cluster, which is the little one; 0 where all cores are little.
    let bigGigahertz: Double

    /// Queries estimate a thousand shapes on the same few processors.
    private static let known = Mutex<[String: Double]>([:])

    init(_ text: String) {
        bigGigahertz = Self.known.withLock { known in
            if let value = known[text] { return value }
            let value = Self.read(text)
            if known.count < 1024 { known[text] = value }
            return value
        }
    }

    private static func read(_ text: String) -> Double {
        let clusters = text.split(separator: "+").map { $0.trimmingPrefix(" ") }
        let big = clusters.count > 1 ? clusters.dropLast() : []
        return big.reduce(0) { sum, cluster in
            let isLittle = cluster.contains("A53") || cluster.contains("A55") || cluster.contains("A510")
            return isLittle ? sum : sum + gigahertz(cluster)
        }
    }

    private static func gigahertz(_ cluster: Substring) -> Double {
        let count = Double(cluster.prefix { $0 != "x" }) ?? 0
        // The first number with a point is the clock; names of cores have none.
        let clock = cluster.split { " /".contains($0) }.lazy.compactMap { $0.contains(".") ? Double($0) : nil }.first
        return count * (clock ?? 0)
    }
}
