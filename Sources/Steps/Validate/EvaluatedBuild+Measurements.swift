import BinaryIO
import Evaluation
import Pipeline
import Registry

extension EvaluatedBuild {
    /// Every result with its measurement conditions.
    var measurements: [MeasurementRecord] {
        textMeasurements + taskMeasurements + talkMeasurements + embeddingMeasurements
    }

    private var talkMeasurements: [MeasurementRecord] {
        guard let talk, let perplexity else { return [] }
        return [
            MeasurementRecord(
                metric: Metric.answeredPercent,
                value: talk.answered.percent,
                standardError: talk.answered.standardError,
                unit: "%",
                method: "edgepipe-talk",
                textDigest: SHA256Digest(of: talk.answers.map(\.question).joined(separator: "\n").utf8),
                kernels: perplexity.kernels,
                toolVersion: Edgepipe.version,
                conditions: [
                    "questions": "\(talk.answers.count)", "form": talk.form, "answerTokens": "\(talk.limit)",
                ]
            )
        ]
    }

    private var taskMeasurements: [MeasurementRecord] {
        guard let accuracy, let tasksDigest, let perplexity else { return [] }
        func record(_ metric: String, _ share: AccuracyResult.Share) -> MeasurementRecord {
            MeasurementRecord(
                metric: metric,
                value: share.percent,
                standardError: share.standardError,
                unit: "%",
                method: "log-likelihood",
                textDigest: tasksDigest,
                kernels: perplexity.kernels,
                toolVersion: Edgepipe.version,
                conditions: ["tasks": "\(accuracy.tasks)", "chancePercent": "\(accuracy.chancePercent)"]
            )
        }
        return [
            record(Metric.accuracyPercent, accuracy.accuracy),
            record(Metric.normalizedAccuracyPercent, accuracy.normalizedAccuracy),
        ]
    }

    private var embeddingMeasurements: [MeasurementRecord] {
        guard let embedding else { return [] }
        func record(_ metric: String, _ value: Double, unit: String) -> MeasurementRecord {
            MeasurementRecord(
                metric: metric,
                value: value,
                unit: unit,
                method: "edgepipe-embed",
                textDigest: textDigest,
                context: embeddingContext,
                chunks: embedding.texts,
                againstDigest: baseDigest,
                kernels: embedding.kernels,
                toolVersion: Edgepipe.version,
                conditions: [
                    "pooling": embedding.pooling, "dimensions": "\(embedding.dimensions)",
                    "neighbours": "\(embedding.neighbours)",
                ]
            )
        }
        return [
            record(Metric.meanCosine, embedding.meanCosine, unit: "1"),
            record(Metric.minCosine, embedding.minCosine, unit: "1"),
            record(Metric.top10OverlapPercent, embedding.overlapPercent, unit: "%"),
        ]
    }

    private var textMeasurements: [MeasurementRecord] {
        guard let perplexity else { return [] }
        func record(_ metric: String, _ value: Double, _ error: Double?, unit: String, isComparison: Bool = false)
            -> MeasurementRecord
        {
            MeasurementRecord(
                metric: metric,
                value: value,
                standardError: error,
                unit: unit,
                method: "llama-perplexity",
                textDigest: textDigest,
                context: perplexity.context,
                chunks: perplexity.chunks,
                againstDigest: isComparison ? baseDigest : nil,
                kernels: perplexity.kernels,
                toolVersion: Edgepipe.version,
                conditions: [
                    "cacheType": perplexity.cacheType, "scoredTokens": "\(perplexity.scoredTokens)",
                    "scoredBytes": "\(perplexity.scoredBytes)",
                ]
            )
        }
        var records = [
            record(Metric.perplexity, perplexity.perplexity, perplexity.standardError, unit: "1"),
            record(
                Metric.bitsPerByte,
                perplexity.bitsPerByte,
                perplexity.bitsPerByteStandardError,
                unit: "bit/byte"
            ),
        ]
        guard let result = divergence else { return records }
        func compare(_ metric: String, _ value: Double, _ error: Double? = nil, unit: String = "nat/token") {
            records.append(record(metric, value, error, unit: unit, isComparison: true))
        }
        compare(Metric.meanKLD, result.divergence.mean, result.divergence.standardError)
        compare(Metric.medianKLD, result.divergence.median)
        compare(Metric.p99KLD, result.divergence.p99)
        compare(Metric.maxKLD, result.divergence.max)
        compare(Metric.sameTopPercent, result.sameTopPercent.value, result.sameTopPercent.standardError, unit: "%")
        compare(
            Metric.meanDeltaPercent,
            result.deltaPercent.mean,
            result.deltaPercent.standardError,
            unit: "%"
        )
        compare(Metric.rmsDeltaPercent, result.rmsDeltaPercent.value, result.rmsDeltaPercent.standardError, unit: "%")
        return records
    }
}
