import Architectures
import BinaryIO

/// The members of a JSON object as values of the types that a profile has. Unknown members are ignored.
struct StoredFields {
    /// A member is missing or has another type.
    struct Failure: Error {}

    private let object: JSONObject

    init(_ value: JSONValue) throws {
        guard let object = value.object else { throw Failure() }
        self.object = object
    }

    private func member<Value>(_ key: String, _ read: (JSONValue) -> Value?) throws -> Value? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let result = read(value) else { throw Failure() }
        return result
    }

    private func required<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Failure() }
        return value
    }

    func optionalInteger(_ key: String) throws -> Int? { try member(key, \.integer) }
    func integer(_ key: String) throws -> Int { try required(optionalInteger(key)) }
    func optionalFlag(_ key: String) throws -> Bool? { try member(key, \.bool) }
    func flag(_ key: String) throws -> Bool { try required(optionalFlag(key)) }
    func optionalText(_ key: String) throws -> String? { try member(key, \.string) }
    func text(_ key: String) throws -> String { try required(optionalText(key)) }

    func optionalTexts(_ key: String) throws -> [String]? {
        try member(key, \.array)?.map { try required($0.string) }
    }

    func texts(_ key: String) throws -> [String] { try required(optionalTexts(key)) }

    func optionalIntegers(_ key: String) throws -> [String: Int]? {
        guard let members = try member(key, \.object)?.members else { return nil }
        return try members.reduce(into: [:]) { sums, member in sums[member.key] = try required(member.value.integer) }
    }

    func integers(_ key: String) throws -> [String: Int] { try required(optionalIntegers(key)) }

    func optionalCase<Value: RawRepresentable<String>>(_ key: String) throws -> Value? {
        try optionalText(key).map { try required(Value(rawValue: $0)) }
    }

    func fields<Value>(_ key: String, _ make: (StoredFields) throws -> Value) throws -> Value? {
        try member(key, { $0 }).map { try make(StoredFields($0)) }
    }

    func list<Value>(_ key: String, _ make: (StoredFields) throws -> Value) throws -> [Value] {
        try required(member(key, \.array)).map { try make(StoredFields($0)) }
    }
}

extension ModelProfile {
    init(_ stored: StoredFields) throws {
        architecture = try stored.text("architecture")
        parameterCount = try stored.integer("parameterCount")
        activeParameterCount = try stored.integer("activeParameterCount")
        weightBytes = try stored.integer("weightBytes")
        weightBytesByType = try stored.integers("weightBytesByType")
        tokenEmbeddingBytes = try stored.integer("tokenEmbeddingBytes")
        isEmbeddingTied = try stored.flag("isEmbeddingTied")
        perLayerEmbeddingBytes = try stored.integer("perLayerEmbeddingBytes")
        layers = try stored.list("layers", LayerGroup.init)
        embeddingLength = try stored.integer("embeddingLength")
        vocabularySize = try stored.integer("vocabularySize")
        feedForwardLength = try stored.integer("feedForwardLength")
        headCount = try stored.integer("headCount")
        contextLength = try stored.integer("contextLength")
        quantType = try stored.text("quantType")
        predictorBytes = try stored.optionalInteger("predictorBytes")
        layerBytesByType = try stored.optionalIntegers("layerBytesByType")
        perLayerEmbeddingType = try stored.optionalText("perLayerEmbeddingType")
        experts = try stored.fields("experts") { Experts(count: try $0.integer("count"), used: try $0.integer("used")) }
        chat = try stored.fields("chat") {
            Chat(hasTemplate: try $0.flag("hasTemplate"), endTokens: try $0.texts("endTokens"))
        }
        graph = try stored.fields("graph", Graph.init)
        tokenEmbeddingType = try stored.optionalText("tokenEmbeddingType")
        tags = try stored.optionalTexts("tags")
        loads = try stored.optionalFlag("loads")
        projector = try stored.fields("projector", ProjectorProfile.init)
    }
}

extension ModelProfile.LayerGroup {
    fileprivate init(_ stored: StoredFields) throws {
        count = try stored.integer("count")
        kvHeads = try stored.integer("kvHeads")
        keyLength = try stored.integer("keyLength")
        valueLength = try stored.integer("valueLength")
        slidingWindow = try stored.optionalInteger("slidingWindow")
        stateBytes = try stored.integer("stateBytes")
        feedForwardLength = try stored.optionalInteger("feedForwardLength")
        readsOther = try stored.optionalFlag("readsOther")
        gatedDelta = try stored.fields("gatedDelta") {
            ModelProfile.GatedDelta(
                keyHeads: try $0.integer("keyHeads"),
                valueHeads: try $0.integer("valueHeads"),
                headLength: try $0.integer("headLength"),
                convolutionLength: try $0.integer("convolutionLength")
            )
        }
        takesKeysForValues = try stored.optionalFlag("takesKeysForValues")
        stateSpace = try stored.fields("stateSpace") {
            ModelProfile.StateSpace(
                heads: try $0.integer("heads"),
                headLength: try $0.integer("headLength"),
                groups: try $0.integer("groups"),
                stateLength: try $0.integer("stateLength"),
                convolutionLength: try $0.integer("convolutionLength")
            )
        }
        lacksMixer = try stored.optionalFlag("lacksMixer")
        lacksNetwork = try stored.optionalFlag("lacksNetwork")
    }
}

extension ModelProfile.Graph {
    fileprivate init(_ stored: StoredFields) throws {
        guard let network: Network = try stored.optionalCase("network") else { throw StoredFields.Failure() }
        self.network = network
        fusesQKV = try stored.flag("fusesQKV")
        normalizesHeads = try stored.flag("normalizesHeads")
        turnsHeads = try stored.flag("turnsHeads")
        hasPostNorms = try stored.flag("hasPostNorms")
        hasLayerNorm = try stored.flag("hasLayerNorm")
        isParallel = try stored.flag("isParallel")
        expertLength = try stored.integer("expertLength")
        sharedExpertLength = try stored.integer("sharedExpertLength")
        leadingDenseLayers = try stored.integer("leadingDenseLayers")
        layerInputLength = try stored.optionalInteger("layerInputLength")
        hasBothNetworks = try stored.optionalFlag("hasBothNetworks")
        lacksFirstNorms = try stored.optionalFlag("lacksFirstNorms")
        positionCount = try stored.optionalInteger("positionCount")
        inputRowCount = try stored.optionalInteger("inputRowCount")
        growsQueries = try stored.optionalFlag("growsQueries")
        pooling = try stored.optionalInteger("pooling")
        normsSums = try stored.optionalFlag("normsSums")
        normsEmbedding = try stored.optionalFlag("normsEmbedding")
        kind = try stored.optionalCase("kind")
    }
}
