import BinaryIO
import GRDB

/// The registry's tables. `docs/registry-format.md` explains them; a migration never changes once it has shipped.
enum Schema {
    /// "EPRG", at byte 68 of the file, distinguishes a registry from any other SQLite database.
    static let applicationID = Int(RegistryFiles.applicationID)

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 builds, measurements, steps") { database in
            try database.execute(sql: buildTables)
            try database.execute(sql: factTables)
            try database.execute(sql: stepTables)
            try database.execute(sql: channelAndAuditTables)
            try database.execute(sql: guards)
        }
        migrator.registerMigration("2 who moved a channel, and why") { database in
            try database.execute(sql: moveReasons)
        }
        migrator.registerMigration("3 objects in parts") { database in
            try database.execute(sql: partTables)
        }
        migrator.registerMigration("4 signatures") { database in
            try database.execute(sql: signatureTable)
        }
        migrator.registerMigration("5 sensitivities") { database in
            try database.execute(sql: sensitivityTable)
        }
        migrator.registerMigration("6 standings, withdrawals, damages") { database in
            try database.execute(sql: standingTables)
            try database.execute(sql: absenceTables)
            try database.execute(sql: manyBuildsIndices)
            try database.execute(sql: refillStandings)
        }
        migrator.registerMigration("7 measurements on devices") { database in
            try database.execute(sql: deviceMeasurementTable)
        }
        migrator.registerMigration("8 seals") { database in
            try database.execute(sql: Seals.table)
            try Seals.sealAll(database)
        }
        migrator.registerMigration("9 errors of tensors") { database in
            try database.execute(sql: tensorErrorTable)
            try OlderTensorErrors.move(database)
        }
        migrator.registerMigration("10 standings by shape and channel") { database in
            try database.execute(sql: narrowStandingTables)
            try database.execute(sql: refillNarrowStandings)
        }
        migrator.registerMigration("11 recipes") { database in
            try database.execute(sql: recipeTable)
        }
        migrator.registerMigration("12 bounds of shapes") { database in
            try database.execute(sql: shapeBoundColumns)
            try database.execute(sql: fillFirstShapeBounds)
        }
        migrator.registerMigration("13 pipelines") { database in
            try database.execute(sql: pipelineTable)
        }
        migrator.registerMigration("14 bytes that tokens read") { database in
            try database.execute(sql: shapeReadColumn)
            try database.execute(sql: fillShapeBounds)
        }
        return migrator
    }

    private static func name(_ column: String) -> String {
        "\(column) TEXT NOT NULL CHECK (\(column) GLOB '[a-z0-9]*' AND \(column) NOT GLOB '*[^a-z0-9._-]*' "
            + "AND length(\(column)) <= \(NameGrammar.longest))"
    }

    private static func digest(_ column: String, optional: Bool = false) -> String {
        let rule = "length(\(column)) = 64 AND \(column) NOT GLOB '*[^0-9a-f]*'"
        return optional
            ? "\(column) TEXT CHECK (\(column) IS NULL OR (\(rule)))"
            : "\(column) TEXT NOT NULL CHECK (\(rule))"
    }

    /// The SQL of a JSON column. JSON is checked before it is written, because SQLite refuses `json_valid` in a schema
    /// that it does not trust.
    private static func json(_ column: String) -> String {
        "\(column) TEXT NOT NULL CHECK (\(column) <> '')"
    }

    private static let buildTables = """
        CREATE TABLE model (
            id INTEGER PRIMARY KEY,
            \(name("name")) UNIQUE,
            createdAt TEXT NOT NULL
        ) STRICT;

        CREATE TABLE version (
            id INTEGER PRIMARY KEY,
            modelId INTEGER NOT NULL REFERENCES model(id),
            \(name("name")),
            createdAt TEXT NOT NULL,
            UNIQUE (modelId, name)
        ) STRICT;

        CREATE TABLE object (
            \(digest("digest")) PRIMARY KEY,
            encoding TEXT NOT NULL CHECK (encoding IN ('raw', 'zstd')),
            rawBytes INTEGER NOT NULL CHECK (rawBytes > 0),
            storedBytes INTEGER NOT NULL CHECK (storedBytes > 0),
            createdAt TEXT NOT NULL
        ) STRICT;

        CREATE TABLE build (
            id INTEGER PRIMARY KEY,
            versionId INTEGER NOT NULL REFERENCES version(id),
            \(name("type")),
            digest TEXT NOT NULL REFERENCES object(digest),
            quantType TEXT NOT NULL CHECK (quantType <> ''),
            bitsPerWeight REAL NOT NULL CHECK (bitsPerWeight > 0),
            sourceURI TEXT NOT NULL,
            \(digest("sourceDigest", optional: true)),
            license TEXT NOT NULL CHECK (license <> ''),
            \(digest("pipelineDigest", optional: true)),
            \(json("profile")),
            toolVersion TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            UNIQUE (versionId, type)
        ) STRICT;
        CREATE INDEX buildByDigest ON build(digest);
        """

    /// Facts belong to the digest of the bytes: two names of the same bytes share their measurements.
    private static let factTables = """
        CREATE TABLE measurement (
            id INTEGER PRIMARY KEY,
            \(digest("fingerprint")) UNIQUE,
            buildDigest TEXT NOT NULL REFERENCES object(digest),
            metric TEXT NOT NULL CHECK (metric <> ''),
            value REAL NOT NULL,
            standardError REAL CHECK (standardError >= 0),
            unit TEXT NOT NULL,
            method TEXT NOT NULL CHECK (method <> ''),
            \(digest("textDigest", optional: true)),
            context INTEGER CHECK (context > 0),
            chunks INTEGER CHECK (chunks > 0),
            \(digest("againstDigest", optional: true)),
            kernels TEXT NOT NULL,
            toolVersion TEXT NOT NULL,
            \(json("conditions")),
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX measurementByBuild ON measurement(buildDigest, metric);

        CREATE TABLE fit (
            buildDigest TEXT NOT NULL REFERENCES object(digest),
            device TEXT NOT NULL CHECK (device <> ''),
            context INTEGER NOT NULL CHECK (context > 0),
            kvType TEXT NOT NULL CHECK (kvType <> ''),
            verdict TEXT NOT NULL,
            peakMemoryLow INTEGER NOT NULL CHECK (peakMemoryLow >= 0),
            peakMemoryMid INTEGER NOT NULL CHECK (peakMemoryMid >= peakMemoryLow),
            peakMemoryHigh INTEGER NOT NULL CHECK (peakMemoryHigh >= peakMemoryMid),
            decodeTokensPerSecond REAL NOT NULL CHECK (decodeTokensPerSecond >= 0),
            prefillTokensPerSecond REAL NOT NULL CHECK (prefillTokensPerSecond >= 0),
            sustainedFactor REAL NOT NULL CHECK (sustainedFactor >= 0),
            batteryPercentPer1kTokens REAL CHECK (batteryPercentPer1kTokens >= 0),
            confidence TEXT NOT NULL,
            \(json("payload")),
            toolVersion TEXT NOT NULL,
            createdAt TEXT NOT NULL,
            PRIMARY KEY (buildDigest, device, context, kvType)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE lineage (
            \(digest("toDigest")),
            \(digest("fromDigest")),
            \(name("stepKind")),
            \(digest("optionsDigest")),
            createdAt TEXT NOT NULL,
            PRIMARY KEY (toDigest, fromDigest, stepKind, optionsDigest)
        ) STRICT, WITHOUT ROWID;
        """

    private static let stepTables = """
        CREATE TABLE stepRecord (
            \(digest("key")) PRIMARY KEY,
            \(name("stepKind")),
            implementationVersion TEXT NOT NULL,
            \(json("outputs")),
            seconds REAL NOT NULL CHECK (seconds >= 0),
            finishedAt TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            pipeline TEXT NOT NULL,
            \(digest("pipelineDigest")),
            toolVersion TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed')),
            startedAt TEXT NOT NULL,
            finishedAt TEXT
        ) STRICT;
        CREATE INDEX runByStart ON run(startedAt);
        """

    private static let channelAndAuditTables = """
        CREATE TABLE channel (
            modelId INTEGER NOT NULL REFERENCES model(id),
            \(name("name")),
            versionId INTEGER NOT NULL REFERENCES version(id),
            PRIMARY KEY (modelId, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE channelMove (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            modelId INTEGER NOT NULL REFERENCES model(id),
            channel TEXT NOT NULL,
            fromVersionId INTEGER REFERENCES version(id),
            toVersionId INTEGER NOT NULL REFERENCES version(id),
            createdAt TEXT NOT NULL
        ) STRICT;

        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            createdAt TEXT NOT NULL,
            action TEXT NOT NULL CHECK (action <> ''),
            subject TEXT NOT NULL,
            \(json("detail")),
            \(digest("digest"))
        ) STRICT;
        """

    /// Who moved a channel, why, and the version's metrics at that time; empty for older moves.
    private static let moveReasons = """
        ALTER TABLE channelMove ADD COLUMN who TEXT NOT NULL DEFAULT '';
        ALTER TABLE channelMove ADD COLUMN why TEXT NOT NULL DEFAULT '';
        ALTER TABLE channelMove ADD COLUMN numbers TEXT NOT NULL DEFAULT '{}' CHECK (numbers <> '');
        """

    /// Objects that are lists of parts; several parts share a pack, and several objects a part. The lists hold row ids
    /// instead of digests, because a registry may have tens of millions of entries.
    private static let partTables = """
        CREATE TABLE pack (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE CHECK (length(name) = 32 AND name NOT GLOB '*[^0-9a-f]*'),
            byteCount INTEGER NOT NULL CHECK (byteCount > 0),
            createdAt TEXT NOT NULL
        ) STRICT;

        CREATE TABLE part (
            id INTEGER PRIMARY KEY,
            \(digest("digest")) UNIQUE,
            packId INTEGER NOT NULL REFERENCES pack(id),
            offset INTEGER NOT NULL CHECK (offset >= 0),
            encoding TEXT NOT NULL CHECK (encoding IN ('raw', 'zstd', 'planes2', 'planes4')),
            rawBytes INTEGER NOT NULL CHECK (rawBytes BETWEEN 1 AND 67108864),
            storedBytes INTEGER NOT NULL CHECK (storedBytes BETWEEN 1 AND rawBytes)
        ) STRICT;
        CREATE INDEX partByPack ON part(packId);

        CREATE TABLE assembly (
            id INTEGER PRIMARY KEY,
            objectDigest TEXT NOT NULL UNIQUE REFERENCES object(digest)
        ) STRICT;

        CREATE TABLE assemblyPart (
            assemblyId INTEGER NOT NULL REFERENCES assembly(id),
            position INTEGER NOT NULL CHECK (position >= 0),
            partId INTEGER NOT NULL REFERENCES part(id),
            PRIMARY KEY (assemblyId, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX assemblyByPart ON assemblyPart(partId);

        \(guardian("part", ["UPDATE OF id, digest, rawBytes", "DELETE"]))
        \(guardian("assembly", ["UPDATE", "DELETE"]))
        \(guardian("assemblyPart", ["UPDATE", "DELETE"]))
        """

    /// Signatures over the bytes of builds; one per key.
    private static let signatureTable = """
        CREATE TABLE signature (
            buildDigest TEXT NOT NULL REFERENCES object(digest),
            \(digest("keyDigest")),
            \(json("bundle")),
            createdAt TEXT NOT NULL,
            PRIMARY KEY (buildDigest, keyDigest)
        ) STRICT;

        \(guardian("signature", ["UPDATE", "DELETE"]))
        """

    /// Triggers that keep published rows unchanged, whichever program opens the file.
    private static let guards = [
        guardian("model", ["UPDATE", "DELETE"]),
        guardian("version", ["UPDATE", "DELETE"]),
        guardian("build", ["UPDATE", "DELETE"]),
        // The storage of an object may change when a damaged one is replaced; its identity may not.
        guardian("object", ["UPDATE OF digest, rawBytes, createdAt", "DELETE"]),
        guardian("measurement", ["UPDATE", "DELETE"]),
        guardian("channelMove", ["UPDATE", "DELETE"]),
        guardian("audit", ["UPDATE", "DELETE"]),
    ].joined(separator: "\n")

    static func guardian(_ table: String, _ events: [String]) -> String {
        events.map { event in
            let verb = event.prefix { $0 != " " }.lowercased()
            return """
                CREATE TRIGGER \(table)_\(verb) BEFORE \(event) ON \(table)
                BEGIN SELECT RAISE(ABORT, '\(table): published rows are never changed or removed'); END;
                """
        }.joined(separator: "\n")
    }
}
