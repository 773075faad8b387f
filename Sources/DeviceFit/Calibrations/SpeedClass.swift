import Synchronization

/// The speed of llama.cpp on a kind of chip: two constants for decoding, one for prefill.
///
/// Generating a token takes `millisecondsPerGB` for every 10^9 bytes read plus `millisecondsPerBillion` for every 10^9
/// parameters. On Android the second term is as large as the first: bytes alone do not predict the speed of any phone
/// [P].
struct SpeedClass: Sendable {
    enum Engine: String, Sendable {
        case cpu = "llama.cpp on the CPU"
        case metal = "llama.cpp on the GPU (Metal)"
    }

    let engine: Engine
    let millisecondsPerGB: Double
    let millisecondsPerBillion: Double
    /// Prompt tokens per second times 10^9 parameters, for Q4_0; embeddings and output do not count, because a prompt
    /// skips them.
    let prefillConstant: Double
    let decodeSpread: Spread
    let prefillSpread: Spread
    let confidence: Confidence
    let prefillConfidence: Confidence
    let source: String
    let prefillSource: String

    private init(
        _ engine: Engine,
        perGB: Double,
        perBillion: Double,
        prefill: Double,
        _ confidence: Confidence,
        source: String,
        prefillConfidence: Confidence? = nil,
        prefillSource: String? = nil
    ) {
        self.engine = engine
        millisecondsPerGB = perGB
        millisecondsPerBillion = perBillion
        prefillConstant = prefill
        self.confidence = confidence
        self.prefillConfidence = prefillConfidence ?? confidence
        decodeSpread = Self.spread(confidence, .measured)
        prefillSpread = Self.spread(prefillConfidence ?? confidence, .measuredPrefill)
        self.source = source
        self.prefillSource = prefillSource ?? source
    }

    private static func spread(_ confidence: Confidence, _ measured: Spread) -> Spread {
        switch confidence {
        case .high: measured
        case .medium: .interpolated
        case .low: .guessed
        }
    }

    static func of(_ device: Device) -> SpeedClass {
        switch device.platform {
        case .ios: apple(device)
        case .android: measuredAndroid[device.soc] ?? interpolatedAndroid(device) ?? unmeasuredAndroid(device)
        }
    }

    /// [P] Least squares over five models, with weights by type (scripts/fit-type-factors.py). Prefill: the median over
    /// the models of P (scripts/back-test-fit.py).
    private static let measuredAndroid: [String: SpeedClass] = [
        "Snapdragon 8 Elite Gen 5": SpeedClass(
            .cpu,
            perGB: 13.6,
            perBillion: 6.1,
            prefill: 302,
            .high,
            source: "P",
            prefillSource: "P"
        ),
        "Dimensity 8400 (MT6899)": SpeedClass(
            .cpu,
            perGB: 23.2,
            perBillion: 9.0,
            prefill: 209,
            .high,
            source: "P",
            prefillSource: "P"
        ),
        "Snapdragon 8 Gen 2": SpeedClass(
            .cpu,
            perGB: 31.6,
            perBillion: 11.1,
            prefill: 154,
            .high,
            source: "P",
            prefillSource: "P"
        ),
    ]

    /// The share of the theoretical bandwidth, the ms per 10^9 parameters and the prefill constant, by class of chip;
    /// the prefill constant is the class's, reduced by the embeddings' share in the models it was measured with.
    private static func interpolatedAndroid(_ device: Device) -> SpeedClass? {
        let constants: (share: Double, perBillion: Double, prefill: Double)? =
            switch device.soc {
            case "Dimensity 9400", "Dimensity 9500": (0.95, 8, 300)
            case "Snapdragon 8 Gen 3", "Snapdragon 8 Elite", "Dimensity 9300": (0.75, 11, 250)
            // The middle of the class's ranges 0.58-0.73, 12-16 and 154-209.
            case "Dimensity 8100", "Dimensity 8200", "Dimensity 8300", "Dimensity 9000", "Dimensity 9200+":
                (0.655, 14, 180)
            default: nil
            }
        return constants.map { constants in
            SpeedClass(
                .cpu,
                perGB: 1000 / (device.bandwidthGBps * constants.share),
                perBillion: constants.perBillion,
                prefill: constants.prefill,
                device.isBandwidthSourced ? .medium : .low,
                source: "interpolated between P's phones"
            )
        }
    }

    /// The estimate for all other Android chips, none of which was measured: half of the bandwidth, and the rest scaled
    /// from the Snapdragon 8 Gen 2 by gigahertz times big cores, within the bounds of the measurements.
    private static func unmeasuredAndroid(_ device: Device) -> SpeedClass {
        let power = CoreClusters(device.cpu).bigGigahertz / CoreClusters.snapdragon8Gen2
        return SpeedClass(
            .cpu,
            perGB: 1000 / (device.bandwidthGBps * 0.5),
            perBillion: power > 0 ? min(60, max(20, 16.2 / power)) : 60,
            prefill: min(100, max(25, 154 * power)),
            .low,
            source: "estimate, scaled from P"
        )
    }

    private static func apple(_ device: Device) -> SpeedClass {
        switch device.soc {
        // [LC, J] Three models at 0.67, 0.69 and 0.73 of 76.8 GB/s. Prefill was only measured with MLX.
        case "A19 Pro":
            SpeedClass(
                .metal,
                perGB: 1000 / (76.8 * 0.70),
                perBillion: 0,
                prefill: 1260,
                .high,
                source: "J, LC",
                prefillConfidence: .medium,
                prefillSource: "J (MLX as a proxy)"
            )
        // [LC] One model on the M5 at 0.71; the chips between use the same share.
        case "A17 Pro", "A18", "A18 Pro", "A19", "M1", "M2", "M3", "M4", "M5":
            SpeedClass(
                .metal,
                perGB: 1000 / (device.bandwidthGBps * 0.70),
                perBillion: 0,
                prefill: 1260 * device.bandwidthGBps / 76.8,
                .medium,
                source: "interpolated from J and LC",
                prefillConfidence: .low,
                prefillSource: "estimate: J's MLX figure scaled by bandwidth"
            )
        // Older chips have no GPU measurement at all, hence the row "no data".
        default:
            SpeedClass(
                .metal,
                perGB: 1000 / (device.bandwidthGBps * 0.5),
                perBillion: 0,
                prefill: 100,
                .low,
                source: "estimate: no data for this chip"
            )
        }
    }
}

/// The clusters of a processor, parsed from a line such as `1x X4 @ 3.3 GHz + 3x A720 @ 3.15 GHz + 2x A520 @ 2.27 GHz`.
struct CoreClusters {
    /// The Snapdragon 8 Gen 2: 3.2 + 2 x 2.8 + 2 x 2.8, without its three little cores.
    static let snapdragon8Gen2 = 14.4

    /// The gigahertz summed over all cores outside the last cluster, which has the little cores; 0 if all cores are
    /// little.
    let bigGigahertz: Double

    /// A cache: queries estimate a thousand shapes on the same few processors.
    private static let known = Mutex<[String: Double]>([:])

    init(_ text: String) {
        bigGigahertz = Self.known.withLock { known in
            if let value = known[text] { return value }
            let value = Self.read(text)
            if known.count < 1024 { known[text] = value }
            return value
        }
    }

    private static func read(_ text: String) -> Double {
        let clusters = text.split(separator: "+").map { $0.trimmingPrefix(" ") }
        let big = clusters.count > 1 ? clusters.dropLast() : []
        return big.reduce(0) { sum, cluster in
            let isLittle = cluster.contains("A53") || cluster.contains("A55") || cluster.contains("A510")
            return isLittle ? sum : sum + gigahertz(cluster)
        }
    }

    private static func gigahertz(_ cluster: Substring) -> Double {
        let count = Double(cluster.prefix { $0 != "x" }) ?? 0
        // The first number with a point is the clock; core names have none.
        let clock = cluster.split { " /".contains($0) }.lazy.compactMap { $0.contains(".") ? Double($0) : nil }.first
        return count * (clock ?? 0)
    }
}
