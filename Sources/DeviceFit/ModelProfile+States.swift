extension ModelProfile {
    /// The heads of a gated delta rule.
    public struct GatedDelta: Codable, Hashable, Sendable {
        /// The number of heads of queries and keys.
        public var keyHeads: Int
        /// The number of heads of values.
        public var valueHeads: Int
        /// The number of elements of each head.
        public var headLength: Int
        /// The number of tokens that the preceding convolution covers.
        public var convolutionLength: Int

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(keyHeads: Int, valueHeads: Int, headLength: Int, convolutionLength: Int) {
            self.keyHeads = keyHeads
            self.valueHeads = valueHeads
            self.headLength = headLength
            self.convolutionLength = convolutionLength
        }

        var sizes: [Int] { [keyHeads, valueHeads, headLength, convolutionLength] }
    }

    /// The heads of a state space.
    public struct StateSpace: Codable, Hashable, Sendable {
        /// The number of heads, each with its own state.
        public var heads: Int
        /// The number of elements of a head's values, which is the number of rows of its state.
        public var headLength: Int
        /// The number of groups of heads that share what is written to the state and what reads it.
        public var groups: Int
        /// The number of columns of a state.
        public var stateLength: Int
        /// The number of tokens that the preceding convolution covers.
        public var convolutionLength: Int

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(heads: Int, headLength: Int, groups: Int, stateLength: Int, convolutionLength: Int) {
            self.heads = heads
            self.headLength = headLength
            self.groups = groups
            self.stateLength = stateLength
            self.convolutionLength = convolutionLength
        }

        var sizes: [Int] { [heads, headLength, groups, stateLength, convolutionLength] }
    }
}
