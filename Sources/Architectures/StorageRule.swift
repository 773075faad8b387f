/// The rules of llama.cpp's choice of tensor types that are specific to an architecture.
public struct StorageRule: Sendable, Equatable {
    /// The number of layers of the model that llama.cpp treats as one of 70 billion weights, whose value tensors get
    /// more bits.
    var layersOfSeventyBillion: Int?
    /// Whether that model must also share keys and values between heads.
    var ifHeadsAreShared = false
    /// Parts of the names of tensors that are not quantized.
    var unquantized: [String] = []
    /// Parts of the names of tensors that get at least eight bits.
    var eightBits: [String] = []
    /// Whether llama.cpp uses its separate mix for Falcon.
    public private(set) var hasMixOfFalcon = false
    /// Whether only the three-dimensional tensors of networks are experts.
    public private(set) var expertsAreNetworksAlone = false

    init(
        layersOfSeventyBillion: Int? = nil,
        ifHeadsAreShared: Bool = false,
        unquantized: [String] = [],
        eightBits: [String] = [],
        hasMixOfFalcon: Bool = false,
        expertsAreNetworksAlone: Bool = false
    ) {
        self.layersOfSeventyBillion = layersOfSeventyBillion
        self.ifHeadsAreShared = ifHeadsAreShared
        self.unquantized = unquantized
        self.eightBits = eightBits
        self.hasMixOfFalcon = hasMixOfFalcon
        self.expertsAreNetworksAlone = expertsAreNetworksAlone
    }

    /// Whether llama.cpp treats a model as one of its 70-billion class.
    public func isSeventyBillion(layers: Int, heads: Int, keyValueHeads: Int) -> Bool {
        layers == layersOfSeventyBillion && (!ifHeadsAreShared || heads != keyValueHeads)
    }

    /// Whether this architecture does not quantize a tensor that others do.
    public func leavesAlone(_ tensor: String) -> Bool { unquantized.contains(where: tensor.contains) }

    /// Whether a tensor gets at least eight bits.
    public func keepsEightBits(_ tensor: String) -> Bool { eightBits.contains(where: tensor.contains) }
}
