import GRDB

/// Migrations 12 and 14: three numbers of each shape that refuse most shapes that do not fit, without decoding them.
extension Schema {
    /// The columns of `shape`; NULL if the profile lacks the numbers. Both are derived from the profile, so nothing
    /// guards them.
    ///
    /// `weightBytes` is the bytes of the tensors that engines load, and `readWeights` is the number of weights that
    /// every token is multiplied with: all active weights except embedding and output; 0 if the model has further
    /// weights that are only looked up or not loaded.
    static let shapeBoundColumns = """
        ALTER TABLE shape ADD COLUMN weightBytes INTEGER;
        ALTER TABLE shape ADD COLUMN readWeights INTEGER;
        """

    /// The bytes of the weights that every token reads, NULL if the profile lacks the number; on phones with fast
    /// memory they bound the time better than the number of weights.
    static let shapeReadColumn = "ALTER TABLE shape ADD COLUMN readBytes INTEGER;"

    /// Whether the registry is of migration 14 or later.
    static func hasShapeBounds(_ database: Database) throws -> Bool {
        try database.columns(in: "shape").contains { $0.name == "readBytes" }
    }

    /// Fills the columns of the shapes that lack them, as migration 12 did.
    static let fillFirstShapeBounds = """
        UPDATE shape SET weightBytes = \(weightBytes), readWeights = \(readWeights) WHERE weightBytes IS NULL
        """

    /// Fills the columns of the shapes that lack them.
    static let fillShapeBounds = """
        UPDATE shape SET weightBytes = \(weightBytes), readWeights = \(readWeights), readBytes = \(readBytes)
        WHERE readBytes IS NULL
        """

    /// A query whose result is empty while the columns are correct.
    static let wrongShapeBounds = """
        SELECT id FROM shape WHERE weightBytes IS NOT \(weightBytes) OR readWeights IS NOT \(readWeights)
            OR readBytes IS NOT \(readBytes)
        """

    private static let weightBytes = number("json_extract(profile, '$.weightBytes') - \(optional("predictorBytes"))")
    private static let readWeights = number(
        """
        CASE WHEN \(optional("perLayerEmbeddingBytes")) + \(optional("predictorBytes")) > 0 THEN 0
            ELSE json_extract(profile, '$.activeParameterCount') - (2 - \(optional("isEmbeddingTied")))
                * json_extract(profile, '$.vocabularySize') * json_extract(profile, '$.embeddingLength') END
        """
    )

    private static let readBytes = number(
        """
        (json_extract(profile, '$.weightBytes') - \(optional("perLayerEmbeddingBytes")) - \(optional("predictorBytes"))
            - iif(\(optional("isEmbeddingTied")), 0, \(optional("tokenEmbeddingBytes"))))
            * min(1.0, json_extract(profile, '$.activeParameterCount') * 1.0 / json_extract(profile, '$.parameterCount'))
        """
    )

    private static func optional(_ key: String) -> String { "coalesce(json_extract(profile, '$.\(key)'), 0)" }

    /// Returns an expression for a whole number from a profile; NULL for a text that is not JSON.
    private static func number(_ expression: String) -> String {
        "(CASE WHEN json_valid(profile) THEN CAST(\(expression) AS INTEGER) END)"
    }
}
