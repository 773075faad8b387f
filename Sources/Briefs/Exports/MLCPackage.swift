import DeviceFit

/// The input of `mlc_llm package`: the models to compile into an app, and how much memory each takes.
///
/// Schema: MLC LLM, `docs/compilation/package_libraries_and_weights.rst` and the reader
/// `python/mlc_llm/interface/package.py`: "device" is iphone, macabi or android; "model", "model_id" and
/// "estimated_vram_bytes" of a model are required, "bundle_weight" must be true if the model is a local folder, and
/// "overrides" may contain "context_window_size" and "prefill_chunk_size".
public struct MLCPackage: Sendable {
    /// A model of the list.
    public struct Model: Sendable {
        /// The build in the registry that the figures are from: `phi3@1.0.0:q4_k_m`.
        public var build: String
        /// Bits per weight of that build.
        public var bitsPerWeight: Double
        /// The origin of the model.
        public var source: String
        /// MLC's name of a quantization: `q4f16_1`.
        public var quantization: String
        /// A folder that `mlc_llm convert_weight` made, or `HF://owner/name`.
        public var location: String
        /// The id by which an app selects the model.
        public var id: String
        /// The estimate for the device with the tightest limits.
        public var estimate: FitEstimate

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(
            build: String,
            bitsPerWeight: Double,
            source: String,
            quantization: String,
            location: String,
            id: String,
            estimate: FitEstimate
        ) {
            (self.build, self.bitsPerWeight, self.source) = (build, bitsPerWeight, source)
            self.quantization = quantization
            (self.location, self.id, self.estimate) = (location, id, estimate)
        }

        /// The high estimates of weights, cache and compute buffer, in bytes. An app uses this number to refuse a model
        /// that would get it killed. The app's own overhead is not included.
        public var estimatedBytes: Int {
            let memory = estimate.memory
            return memory.weights.high + memory.kvCache.high + memory.computeBuffer.high
        }

        var isLocal: Bool { !location.hasPrefix("HF://") && !location.hasPrefix("https://") }
    }

    /// The approximate bits per weight of an MLC quantization: the number after the `q`, plus half a bit for the 16-bit
    /// scale that some 32 weights share (`python/mlc_llm/quantization/quantization.py`); `q0f16` uses 16.
    /// - Returns: nil if the name is not an MLC quantization.
    public static func bitsPerWeight(of quantization: String) -> Double? {
        let digits = quantization.dropFirst().prefix { $0.isASCII && $0.isNumber }
        let rest = quantization.dropFirst(1 + digits.count)
        guard quantization.first == "q", let bits = Int(digits), (0...8).contains(bits) else { return nil }
        guard ["f16", "f32", "bf16"].contains(where: rest.hasPrefix) else { return nil }
        guard rest.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || $0 == 95 }) else {
            return nil
        }
        return bits == 0 ? (rest.hasPrefix("f32") ? 32 : 16) : Double(bits) + 0.5
    }

    /// The system of the devices.
    public var platform: Platform
    /// The models, in the order of the file.
    public var models: [Model]

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(platform: Platform, models: [Model]) { (self.platform, self.models) = (platform, models) }

    /// The text of `mlc-package-config.json`.
    public var json: String {
        let entries = models.map { model in
            """
                    {
                        "model": \(model.location.jsonLiteral),
                        "model_id": \(model.id.jsonLiteral),
                        "estimated_vram_bytes": \(model.estimatedBytes),
                        "bundle_weight": \(model.isLocal),
                        "overrides": {
                            "context_window_size": \(model.estimate.context),
                            "prefill_chunk_size": \(model.estimate.batch)
                        }
                    }
            """
        }
        return """
            {
                "device": "\(platform == .ios ? "iphone" : "android")",
                "model_list": [
            \(entries.joined(separator: ",\n"))
                ]
            }

            """
    }

    /// Notes for a reader of the file, in Markdown.
    public var notes: String {
        let rows = models.map { model in
            let memory = model.estimate.memory
            let cells = [
                model.id.markdownCode,
                "\(model.build.markdownText), \(number(model.bitsPerWeight, 1)) bits a weight",
                "\(ByteSize(bytes: model.estimatedBytes)) = weights \(ByteSize(bytes: memory.weights.high)) + cache "
                    + "\(ByteSize(bytes: memory.kvCache.high)) + buffer \(ByteSize(bytes: memory.computeBuffer.high))",
                model.estimate.target.markdownText,
            ]
            return "| " + cells.joined(separator: " | ") + " |"
        }
        let commands = models.filter(\.isLocal).map { model in
            let folder = model.location.shellWord
            return """
                    mlc_llm convert_weight SOURCE_FOLDER --quantization \(model.quantization) -o \(folder)
                    mlc_llm gen_config SOURCE_FOLDER --quantization \(model.quantization) --conv-template TEMPLATE -o \(folder)
                """
        }
        return """
            # mlc-package-config.json

            **MLC does not load GGUF.** It compiles its own weights from the source checkpoint, in its own quantization. The
            numbers here are estimates of the registry's builds below with llama.cpp, which stand in for MLC's: the same model,
            about as many bits, another engine. Measure with MLC before you rely on them.

            | model_id | figures of | estimated_vram_bytes | for |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            `estimated_vram_bytes` are the high ends of the estimate without the app's own overhead. `context_window_size` and
            `prefill_chunk_size` are the context and the batch that it was made for; change them together.

            """
                + (commands.isEmpty
                    ? ""
                    : """

                    Make the folders that the file names, from the sources (\(sources)):

                    \(commands.joined(separator: "\n\n"))

                    """)
    }

    private var sources: String {
        var seen: [String] = []
        for model in models where !seen.contains(model.source) { seen.append(model.source) }
        return seen.map(\.markdownText).joined(separator: ", ")
    }
}
