extension ModelProfile {
    /// A gated delta rule by its heads.
    public struct GatedDelta: Codable, Hashable, Sendable {
        /// Heads of queries and keys, and of values.
        public var keyHeads: Int
        /// See `keyHeads`.
        public var valueHeads: Int
        /// Elements of each.
        public var headLength: Int
        /// Tokens that the convolution before it sees.
        public var convolutionLength: Int

        /// Every value is as its property describes it.
        public init(keyHeads: Int, valueHeads: Int, headLength: Int, convolutionLength: Int) {
            self.keyHeads = keyHeads
            self.valueHeads = valueHeads
            self.headLength = headLength
            self.convolutionLength = convolutionLength
        }

        var sizes: [Int] { [keyHeads, valueHeads, headLength, convolutionLength] }
    }

    /// A state space by its heads.
    public struct StateSpace: Codable, Hashable, Sendable {
        /// Heads, each with a state of its own.
        public var heads: Int
        /// Elements of a head's values, and rows of its state.
        public var headLength: Int
        /// Groups of heads that share what writes to the state and what reads it.
        public var groups: Int
        /// Columns of a state.
        public var stateLength: Int
        /// Tokens that the convolution before it sees.
        public var convolutionLength: Int

        /// Every value is as its property describes it.
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
