import Architectures
import Tensors

/// The settings that a model runs with.
public struct FitRequest: Codable, Hashable, Sendable {
    /// The context length in tokens.
    public var context: Int
    /// The element type of the key-value cache, by its llama.cpp name: f32, f16, bf16, q8_0, q5_1, q5_0, q4_1, q4_0.
    public var kvType: String
    /// The number of tokens processed at once during prefill; a smaller number is the cheapest way to save memory.
    public var batch: Int
    /// The bytes of a projector loaded beside the model, with its compute buffer; nil for none.
    public var projectorBytes: Int?

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(context: Int = 4096, kvType: String = "f16", batch: Int = 512) {
        self.context = context
        self.kvType = kvType
        self.batch = batch
    }

    /// Creates the settings that most phones use: 4096 tokens, or the model's training context if that is shorter.
    public init(for profile: ModelProfile, context: Int? = nil, kvType: String = "f16", batch: Int = 512) {
        self.init(context: context ?? min(4096, profile.contextLength), kvType: kvType, batch: batch)
    }

    private static let kvTypes: [String: TensorType] = [
        "f32": .f32, "f16": .f16, "bf16": .bf16, "q8_0": .q8_0, "q5_1": .q5_1, "q5_0": .q5_0, "q4_1": .q4_1,
        "q4_0": .q4_0,
    ]

    /// Checks the request and returns the element type of the cache.
    /// - Throws: `DeviceFitError.invalidRequest` for numbers out of range and unknown types.
    @discardableResult
    public func validated() throws(DeviceFitError) -> TensorType {
        guard (1...(1 << 24)).contains(context) else {
            throw .invalidRequest("a context of \(context) tokens cannot be. Give 1 to \(1 << 24).")
        }
        guard (1...(1 << 16)).contains(batch) else {
            throw .invalidRequest("a batch of \(batch) tokens cannot be. Give 1 to \(1 << 16).")
        }
        guard let type = Self.kvTypes[kvType.lowercased()] else {
            let known = Self.kvTypes.keys.sorted().joined(separator: ", ")
            throw .invalidRequest("\"\(kvType)\" is not a valid KV cache type. Choose one of: \(known).")
        }
        return type
    }
}

/// Estimates memory, speed, heat and battery of a model on phones. Every number is a range with its source.
public struct FitEstimator: Sendable {
    /// The known devices.
    public let catalogue: DeviceCatalogue

    /// Creates an estimator with a catalogue.
    public init(catalogue: DeviceCatalogue) {
        self.catalogue = catalogue
    }

    /// Estimates a model on one device.
    /// - Throws: `DeviceFitError.invalidRequest`.
    public func estimate(
        _ profile: ModelProfile,
        on device: Device,
        _ request: FitRequest = FitRequest()
    ) throws(DeviceFitError) -> FitEstimate {
        let memory = try Self.memory(profile, device.platform, request)
        return assemble(
            SpeedModel(profile, on: device, kvBytes: Self.kvBytesRead(memory)),
            memory,
            MemoryLimit(device),
            target: device.id,
            device.platform,
            request,
            writes: profile.kind == .language
        )
    }

    /// Returns only the verdict of `estimate(_:on:_:)`, because most builds of a large registry need no more.
    /// - Throws: `DeviceFitError.invalidRequest`.
    public static func verdict(
        _ profile: ModelProfile,
        on device: Device,
        _ request: FitRequest
    ) throws(DeviceFitError) -> FitVerdict {
        MemoryLimit(device).verdict(on: try memory(profile, device.platform, request).total)
    }

    /// Returns only the verdict of `estimate(_:budget:platform:_:)`.
    /// - Throws: `DeviceFitError.invalidRequest`.
    public static func verdict(
        _ profile: ModelProfile,
        budget: ByteSize,
        platform: Platform,
        _ request: FitRequest
    ) throws(DeviceFitError) -> FitVerdict {
        MemoryLimit(budget: budget).verdict(on: try memory(profile, platform, request).total)
    }

    /// Returns the most memory that an app may ever use: good enough for "tight", never for "fits". A build whose
    /// weights alone are larger fits nowhere.
    public static func mostBytes(on device: Device) -> Int {
        let best =
            switch device.platform {
            // [P's cold-start rule] The most generous rule in use, and too generous for one measured phone.
            case .android: Int(0.6 * Double(device.ramBytes))
            // Nothing was measured with the entitlement above 8 GB; the figure of 8 GB phones is a lower bound.
            case .ios: device.entitledAppLimitBytes ?? (device.ramGiB >= 8 ? Int(6 * ByteSize.gibibyte) : 0)
            }
        return min(max(device.appLimitBytes, best), device.budgetBytes ?? .max)
    }

    /// Returns the time that weights of a type add to a generated token, in milliseconds: the middle of the estimate.
    /// - Parameter count: the number of weights that one token is multiplied with.
    public static func milliseconds(ofWeights count: Double, as type: TensorType, on device: Device) -> Double {
        let bytes = count * type.bitsPerElement / 8
        return SpeedModel.milliseconds(TypeMixture.Part(type: type.name, weights: count, bytes: bytes), on: device)
    }

    /// Estimates a model if only the memory that the app may use is known.
    ///
    /// The speed is the range over the devices of the platform with the nearest app limits, from the slowest to the
    /// fastest.
    /// - Throws: `DeviceFitError.invalidRequest`.
    public func estimate(
        _ profile: ModelProfile,
        budget: ByteSize,
        platform: Platform,
        _ request: FitRequest = FitRequest()
    ) throws(DeviceFitError) -> FitEstimate {
        guard budget.bytes > 0 else { throw .invalidRequest("a budget of 0 bytes holds no model. Give more.") }
        let memory = try Self.memory(profile, platform, request)
        let devices = representatives(of: budget, platform)
        let speeds = devices.map { SpeedModel(profile, on: $0, kvBytes: Self.kvBytesRead(memory)) }
        let source = "span over \(devices.count) devices with about this app limit"
        guard
            let first = speeds.first,
            let speed = SpeedModel(spanning: speeds, engine: first.engine, source: source)
        else {
            throw .invalidRequest("the catalogue has no device of \(platform.rawValue). Choose the other platform.")
        }
        return assemble(
            speed,
            memory,
            MemoryLimit(budget: budget),
            target: "\(budget) on \(platform.rawValue)",
            platform,
            request,
            writes: profile.kind == .language
        )
    }

    /// Returns the devices whose app limit is between three quarters and one and a half times the budget; without any,
    /// those with the nearest limit.
    public func representatives(of budget: ByteSize, _ platform: Platform) -> [Device] {
        let all = catalogue.devices.filter { $0.platform == platform }
        func ratio(_ device: Device) -> Double { Double(device.appLimitBytes) / Double(budget.bytes) }
        let near = all.filter { (0.75...1.5).contains(ratio($0)) }
        if !near.isEmpty { return near }
        func distance(_ device: Device) -> Double { max(ratio(device), 1 / ratio(device)) }
        let nearest = all.map(distance).min() ?? 1
        return all.filter { distance($0) <= nearest }
    }

    private static func memory(
        _ profile: ModelProfile,
        _ platform: Platform,
        _ request: FitRequest
    ) throws(DeviceFitError) -> MemoryEstimate {
        let kvType = try request.validated()
        try profile.validate()
        var memory = MemoryModel.estimate(
            profile,
            platform,
            context: request.context,
            kvType: kvType,
            batch: request.batch
        )
        memory.projector = request.projectorBytes.map { .exactly($0, source: "LC") }
        return memory
    }

    /// Returns the bytes read per token. Every token reads the filled cells: half of them, on average, until the
    /// context is full.
    private static func kvBytesRead(_ memory: MemoryEstimate) -> Double { Double(memory.kvCache.mid) / 2 }

    private func assemble(
        _ speed: SpeedModel,
        _ memory: MemoryEstimate,
        _ limit: MemoryLimit,
        target: String,
        _ platform: Platform,
        _ request: FitRequest,
        writes: Bool
    ) -> FitEstimate {
        let verdict = limit.verdict(on: memory.total)
        return FitEstimate(
            target: target,
            platform: platform,
            context: request.context,
            kvType: request.kvType.lowercased(),
            batch: request.batch,
            engine: speed.engine,
            memory: memory,
            limitBytes: limit.bytes,
            verdict: verdict,
            reason: limit.reason(for: verdict, memory.total),
            decode: writes ? speed.decode : nil,
            prefill: speed.prefill,
            sustainedFactor: speed.sustainedFactor,
            sustainedDecode: writes ? speed.decode.times(speed.sustainedFactor) : nil,
            joulesPerToken: writes ? speed.joulesPerToken : nil,
            batteryPercentPer1kTokens: writes ? speed.batteryPercentPer1kTokens : nil
        )
    }
}
