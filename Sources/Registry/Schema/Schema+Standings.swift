import GRDB

/// Migration 6: makes queries over many builds fast, and lets builds be withdrawn.
extension Schema {
    /// The standing of every offered build, for rankings that read few of many. All of it is derived from other tables,
    /// so it is not protected: `refillStandings` rebuilds it.
    ///
    /// Many builds share a shape, so each shape is stored and judged once. Without a measured quality the yardstick is
    /// 0.
    static let standingTables = """
        CREATE TABLE shape (
            id INTEGER PRIMARY KEY,
            profile TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE yardstick (
            id INTEGER PRIMARY KEY,
            textDigest TEXT NOT NULL UNIQUE,
            builds INTEGER NOT NULL DEFAULT 0 CHECK (builds >= 0)
        ) STRICT;

        CREATE TABLE standing (
            yardstickId INTEGER NOT NULL REFERENCES yardstick(id),
            value REAL NOT NULL,
            buildId INTEGER NOT NULL REFERENCES build(id),
            shapeId INTEGER NOT NULL REFERENCES shape(id),
            rawBytes INTEGER NOT NULL CHECK (rawBytes > 0),
            license TEXT NOT NULL,
            PRIMARY KEY (yardstickId, value, buildId)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX standingByBuild ON standing(buildId);

        CREATE TRIGGER standing_added AFTER INSERT ON standing
        BEGIN UPDATE yardstick SET builds = builds + 1 WHERE id = NEW.yardstickId; END;
        CREATE TRIGGER standing_taken AFTER DELETE ON standing
        BEGIN UPDATE yardstick SET builds = builds - 1 WHERE id = OLD.yardstickId; END;
        """

    /// Builds that were withdrawn, and bytes that were found lost. The rows of a published build stay, so a name never
    /// means other bytes; publishing the same bytes again deletes the row here. A part that no published build uses may
    /// be deleted.
    static let absenceTables = """
        CREATE TABLE withdrawal (
            buildId INTEGER PRIMARY KEY REFERENCES build(id),
            who TEXT NOT NULL,
            why TEXT NOT NULL CHECK (why <> ''),
            createdAt TEXT NOT NULL
        ) STRICT;
        \(guardian("withdrawal", ["UPDATE"]))

        CREATE TABLE damage (
            objectDigest TEXT NOT NULL PRIMARY KEY REFERENCES object(digest),
            detail TEXT NOT NULL CHECK (detail <> ''),
            createdAt TEXT NOT NULL
        ) STRICT;

        DROP TRIGGER part_delete;
        CREATE TRIGGER part_delete BEFORE DELETE ON part
            WHEN EXISTS (SELECT 1 FROM assemblyPart WHERE assemblyPart.partId = OLD.id)
        BEGIN SELECT RAISE(ABORT, 'part: published rows are never changed or removed'); END;
        """

    /// Indices that the query plans over 100,000 builds call for; `docs/registry-format.md` has the figures.
    static let manyBuildsIndices = """
        CREATE INDEX channelByVersion ON channel(versionId, name);
        CREATE INDEX channelMoveByModel ON channelMove(modelId);
        """

    /// Rebuilds everything in the tables of `standingTables`.
    static let refillStandings = """
        DELETE FROM standing;
        DELETE FROM yardstick;
        DELETE FROM shape;
        INSERT INTO shape (profile) SELECT DISTINCT profile FROM build;
        INSERT INTO yardstick (id, textDigest) VALUES (0, '-');
        INSERT INTO yardstick (textDigest)
            SELECT DISTINCT coalesce(textDigest, '') FROM measurement WHERE metric = 'bitsPerByte';
        \(placeBuilds);
        """

    /// Inserts the standings of builds that have none; a condition may follow.
    static let placeBuilds = """
        INSERT INTO standing (yardstickId, value, buildId, shapeId, rawBytes, license)
        \(rightStandings)
        """

    /// Selects the standings of all builds from their metadata; a condition may follow.
    ///
    /// Values measured on one text belong together, and the latest measurement wins. Projectors are not ranked.
    private static let rightStandings = """
        SELECT coalesce(yardstick.id, 0), coalesce(latest.value, 0), build.id, shape.id, object.rawBytes,
            lower(build.license)
        FROM build
        JOIN object ON object.digest = build.digest
        JOIN shape ON shape.profile = build.profile
        LEFT JOIN measurement AS latest ON latest.id = (
            SELECT max(id) FROM measurement
            WHERE measurement.buildDigest = build.digest AND measurement.metric = 'bitsPerByte')
        LEFT JOIN yardstick ON yardstick.textDigest = coalesce(latest.textDigest, '') AND latest.id IS NOT NULL
        WHERE NOT EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.buildId = build.id)
            AND NOT EXISTS (SELECT 1 FROM damage WHERE damage.objectDigest = build.digest)
            AND build.type NOT LIKE '\(BuildName.projectorPrefix)%'
        """

    /// Queries by table; each returns no rows while the derived tables are right.
    static let wrongStandings = [
        ("standing", "\(rightStandings) EXCEPT \(allStandings)"),
        ("standing", "\(allStandings) EXCEPT \(rightStandings)"),
        ("shape", "SELECT profile FROM shape EXCEPT SELECT profile FROM build"),
        (
            "yardstick",
            """
            SELECT id FROM yardstick
            WHERE builds <> (SELECT count(*) FROM standing WHERE yardstickId = yardstick.id)
                OR (id = 0) <> (textDigest = '-')
            """
        ),
        (
            "yardstick",
            """
            SELECT textDigest FROM yardstick WHERE id <> 0
            EXCEPT SELECT coalesce(textDigest, '') FROM measurement WHERE metric = 'bitsPerByte'
            """
        ),
    ]

    private static let allStandings = "SELECT yardstickId, value, buildId, shapeId, rawBytes, license FROM standing"
}
