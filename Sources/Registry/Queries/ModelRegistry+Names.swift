import GRDB

extension ModelRegistry {
    /// The models of the registry, by name.
    public func modelNames() throws -> [String] {
        try look { try String.fetchAll($0, sql: "SELECT name FROM model ORDER BY name") }
    }

    /// The channels of all models, by name.
    public func channelNames() throws -> [String] {
        try look { try String.fetchAll($0, sql: "SELECT DISTINCT name FROM channel ORDER BY name") }
    }
}
