/// What llama.cpp's choice of tensor types makes of a family, beside its rules for all.
public struct StorageRule: Sendable, Equatable {
    /// Layers of the family's size that is taken for one of 70 billion weights, whose value tensors get more bits.
    var layersOfSeventyBillion: Int?
    /// Whether that size is told by heads that share keys and values, too.
    var ifHeadsAreShared = false
    /// Parts of the names of tensors that keep their type.
    var unquantized: [String] = []
    /// Parts of the names of tensors that go no lower than eight bits.
    var eightBits: [String] = []
    /// Whether the family has the mix of Falcon, whose layers are other than most.
    public private(set) var hasMixOfFalcon = false
    /// Whether no tensors with three dimensions are experts but those of networks.
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

    /// Whether llama.cpp takes a model for one of its 70-billion class.
    public func isSeventyBillion(layers: Int, heads: Int, keyValueHeads: Int) -> Bool {
        layers == layersOfSeventyBillion && (!ifHeadsAreShared || heads != keyValueHeads)
    }

    /// Whether a tensor keeps its type in this family although others quantize it.
    public func leavesAlone(_ tensor: String) -> Bool { unquantized.contains(where: tensor.contains) }

    /// Whether a tensor goes no lower than eight bits.
    public func keepsEightBits(_ tensor: String) -> Bool { eightBits.contains(where: tensor.contains) }
}
