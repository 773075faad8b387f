import GRDB

/// Migration 10: find the standings of one shape or one channel without scanning the others.
extension Schema {
    /// The standings by channel, the number of standings by text, and the range of file sizes of each shape. All of it
    /// is derived from other tables and maintained by triggers, so it is not protected: `refillNarrowStandings`
    /// rebuilds it.
    ///
    /// A ranking that rejects nearly everything judges the shapes first, then reads the standings of the few that pass.
    static let narrowStandingTables = """
        CREATE INDEX standingByShape ON standing(shapeId, yardstickId, value, buildId, rawBytes, license);

        ALTER TABLE shape ADD COLUMN leastBytes INTEGER NOT NULL DEFAULT \(Int64.max);
        ALTER TABLE shape ADD COLUMN mostBytes INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE channelStanding (
            channel TEXT NOT NULL,
            yardstickId INTEGER NOT NULL REFERENCES yardstick(id),
            value REAL NOT NULL,
            buildId INTEGER NOT NULL REFERENCES build(id),
            shapeId INTEGER NOT NULL REFERENCES shape(id),
            rawBytes INTEGER NOT NULL CHECK (rawBytes > 0),
            license TEXT NOT NULL,
            PRIMARY KEY (channel, yardstickId, value, buildId)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX channelStandingByShape
            ON channelStanding(channel, shapeId, yardstickId, value, buildId, rawBytes, license);

        CREATE TABLE channelYardstick (
            channel TEXT NOT NULL,
            yardstickId INTEGER NOT NULL REFERENCES yardstick(id),
            builds INTEGER NOT NULL DEFAULT 0 CHECK (builds >= 0),
            PRIMARY KEY (channel, yardstickId)
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER channelStanding_added AFTER INSERT ON channelStanding BEGIN
            INSERT INTO channelYardstick (channel, yardstickId, builds) VALUES (NEW.channel, NEW.yardstickId, 1)
            ON CONFLICT DO UPDATE SET builds = builds + 1;
        END;
        CREATE TRIGGER channelStanding_taken AFTER DELETE ON channelStanding BEGIN
            UPDATE channelYardstick SET builds = builds - 1
            WHERE channel = OLD.channel AND yardstickId = OLD.yardstickId;
            DELETE FROM channelYardstick
            WHERE channel = OLD.channel AND yardstickId = OLD.yardstickId AND builds = 0;
        END;

        CREATE TRIGGER standing_narrowed AFTER INSERT ON standing BEGIN
            UPDATE shape SET leastBytes = min(leastBytes, NEW.rawBytes), mostBytes = max(mostBytes, NEW.rawBytes)
            WHERE id = NEW.shapeId AND (leastBytes > NEW.rawBytes OR mostBytes < NEW.rawBytes);
            INSERT INTO channelStanding (channel, yardstickId, value, buildId, shapeId, rawBytes, license)
            SELECT channel.name, NEW.yardstickId, NEW.value, NEW.buildId, NEW.shapeId, NEW.rawBytes, NEW.license
            FROM build JOIN channel ON channel.versionId = build.versionId WHERE build.id = NEW.buildId;
        END;
        CREATE TRIGGER standing_widened AFTER DELETE ON standing BEGIN
            DELETE FROM channelStanding
            WHERE channel IN (
                    SELECT channel.name FROM build JOIN channel ON channel.versionId = build.versionId
                    WHERE build.id = OLD.buildId)
                AND yardstickId = OLD.yardstickId AND value = OLD.value AND buildId = OLD.buildId;
        END;

        CREATE TRIGGER channel_pointed AFTER INSERT ON channel BEGIN
            \(join("NEW"));
        END;
        CREATE TRIGGER channel_moved AFTER UPDATE ON channel BEGIN
            \(leave("OLD"));
            \(join("NEW"));
        END;
        CREATE TRIGGER channel_dropped AFTER DELETE ON channel BEGIN
            \(leave("OLD"));
        END;
        """

    /// Adds the standings of the version that a row of `channel` points to.
    private static func join(_ row: String) -> String {
        """
        INSERT INTO channelStanding (channel, yardstickId, value, buildId, shapeId, rawBytes, license)
            SELECT \(row).name, yardstickId, value, buildId, shapeId, rawBytes, standing.license
            FROM build JOIN standing ON standing.buildId = build.id WHERE build.versionId = \(row).versionId
        """
    }

    private static func leave(_ row: String) -> String {
        """
        DELETE FROM channelStanding WHERE channel = \(row).name AND (yardstickId, value, buildId) IN (
                SELECT yardstickId, value, buildId
                FROM build JOIN standing ON standing.buildId = build.id WHERE build.versionId = \(row).versionId)
        """
    }

    /// Rebuilds everything in the tables of `narrowStandingTables` from standings and channels.
    static let refillNarrowStandings = """
        DELETE FROM channelStanding;
        DELETE FROM channelYardstick;
        UPDATE shape SET
            leastBytes = coalesce((SELECT min(rawBytes) FROM standing WHERE shapeId = shape.id), \(Int64.max)),
            mostBytes = coalesce((SELECT max(rawBytes) FROM standing WHERE shapeId = shape.id), 0);
        INSERT INTO channelStanding (channel, yardstickId, value, buildId, shapeId, rawBytes, license)
        \(rightChannelStandings);
        """

    private static let rightChannelStandings = """
        SELECT channel.name, yardstickId, value, buildId, shapeId, rawBytes, standing.license
        FROM channel JOIN build ON build.versionId = channel.versionId JOIN standing ON standing.buildId = build.id
        """

    private static let allChannelStandings =
        "SELECT channel, yardstickId, value, buildId, shapeId, rawBytes, license FROM channelStanding"

    /// Queries by table; each returns no rows while the derived tables are right. A shape's smallest and largest file
    /// may have been withdrawn.
    static let wrongNarrowStandings = [
        ("channelStanding", "\(rightChannelStandings) EXCEPT \(allChannelStandings)"),
        ("channelStanding", "\(allChannelStandings) EXCEPT \(rightChannelStandings)"),
        (
            "channelYardstick",
            """
            SELECT channel, yardstickId, builds FROM channelYardstick EXCEPT
            SELECT channel, yardstickId, count(*) FROM channelStanding GROUP BY channel, yardstickId
            """
        ),
        (
            "channelYardstick",
            """
            SELECT channel, yardstickId, count(*) FROM channelStanding GROUP BY channel, yardstickId EXCEPT
            SELECT channel, yardstickId, builds FROM channelYardstick
            """
        ),
        (
            "shape",
            """
            SELECT shape.id FROM shape JOIN standing ON standing.shapeId = shape.id
            WHERE rawBytes NOT BETWEEN leastBytes AND mostBytes
            """
        ),
    ]
}
