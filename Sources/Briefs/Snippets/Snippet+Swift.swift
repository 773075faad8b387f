extension Snippet {
    /// Swift code for llama.cpp's XCFramework, module `llama`.
    var swift: String {
        let type = "GGML_TYPE_\(cacheType.uppercased())"
        let ends = stopTokens.isEmpty ? "" : " (\(namedStops))"
        let template =
            hasTemplate
            ? "The file brings its own chat template."
            : "The file has no chat template: prompts are passed on as they are."
        return """
            import Foundation
            import llama

            enum LocalModelError: Error {
                case cannotLoad(String)
                case promptTooLong
                case decodingFailed
            }

            /// \(name) on this device. \(template)
            final class LocalModel {
                private static let contextTokens: UInt32 = \(context)
                private static let batchTokens: UInt32 = \(batch)

                private let model: OpaquePointer
                private let context: OpaquePointer
                private let vocabulary: OpaquePointer
                private let sampler: UnsafeMutablePointer<llama_sampler>

                init(path: String) throws {
                    llama_backend_init()
                    var modelOptions = llama_model_default_params()
                    #if targetEnvironment(simulator)
                        modelOptions.n_gpu_layers = 0
                    #else
                        modelOptions.n_gpu_layers = 99
                    #endif
                    guard let model = llama_model_load_from_file(path, modelOptions) else {
                        throw LocalModelError.cannotLoad(path)
                    }
                    var options = llama_context_default_params()
                    options.n_ctx = Self.contextTokens
                    options.n_batch = Self.batchTokens
                    options.n_ubatch = Self.batchTokens
                    options.type_k = \(type)
                    options.type_v = \(type)
                    guard let context = llama_init_from_model(model, options) else {
                        llama_model_free(model)
                        throw LocalModelError.cannotLoad(path)
                    }
                    self.model = model
                    self.context = context
                    vocabulary = llama_model_get_vocab(model)
                    sampler = llama_sampler_chain_init(llama_sampler_chain_default_params())
                    llama_sampler_chain_add(sampler, llama_sampler_init_top_p(0.9, 1))
                    llama_sampler_chain_add(sampler, llama_sampler_init_temp(0.7))
                    llama_sampler_chain_add(sampler, llama_sampler_init_dist(UInt32.random(in: 0 ... .max)))
                }

                deinit {
                    llama_sampler_free(sampler)
                    llama_free(context)
                    llama_model_free(model)
                }

                /// Answers one question. Call it off the main thread; false from `onText` ends the answer.
                func answer(_ question: String, limit: Int = 256, onText: (String) -> Bool) throws {
                    llama_memory_clear(llama_get_memory(context), true)
                    var tokens = try tokenize(prompt(question))
                    guard tokens.count + limit < Int(Self.contextTokens) else { throw LocalModelError.promptTooLong }
                    var bytes: [UInt8] = []
                    for start in stride(from: 0, to: tokens.count, by: Int(Self.batchTokens)) {
                        let end = min(start + Int(Self.batchTokens), tokens.count)
                        try decode(&tokens, start..<end)
                    }
                    for _ in 0..<limit {
                        let token = llama_sampler_sample(sampler, context, -1)
                        // The tokens that end an answer\(ends) are the vocabulary's own.
                        if llama_vocab_is_eog(vocabulary, token) { return }
                        bytes += piece(token)
                        // A character may be spread over several tokens.
                        if let text = String(validating: bytes, as: UTF8.self) {
                            bytes = []
                            if !onText(text) { return }
                        }
                        if Self.isTooHot { return }
                        var next = [token]
                        try decode(&next, 0..<1)
                    }
                }

                /// Where the system slows down anyway, the rest of an answer is not worth the heat.
                static var isTooHot: Bool {
                    #if canImport(Darwin)
                        return ProcessInfo.processInfo.thermalState.rawValue >= ProcessInfo.ThermalState.serious.rawValue
                    #else
                        return false
                    #endif
                }

                private func decode(_ tokens: inout [llama_token], _ range: Range<Int>) throws {
                    let result = tokens.withUnsafeMutableBufferPointer { buffer in
                        llama_decode(context, llama_batch_get_one(buffer.baseAddress! + range.lowerBound, Int32(range.count)))
                    }
                    guard result == 0 else { throw LocalModelError.decodingFailed }
                }

                private func prompt(_ question: String) -> String {
                    guard let template = llama_model_chat_template(model, nil) else { return question }
                    return "user".withCString { role in
                        question.withCString { content in
                            var message = llama_chat_message(role: role, content: content)
                            var buffer = [CChar](repeating: 0, count: 2 * question.utf8.count + 1024)
                            let length = llama_chat_apply_template(template, &message, 1, true, &buffer, Int32(buffer.count))
                            guard length > 0, Int(length) <= buffer.count else { return question }
                            return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
                        }
                    }
                }

                private func tokenize(_ text: String) throws -> [llama_token] {
                    let size = Int32(text.utf8.count)
                    var tokens = [llama_token](repeating: 0, count: Int(size) + 16)
                    let count = llama_tokenize(vocabulary, text, size, &tokens, Int32(tokens.count), true, true)
                    guard count > 0 else { throw LocalModelError.promptTooLong }
                    return Array(tokens.prefix(Int(count)))
                }

                private func piece(_ token: llama_token) -> [UInt8] {
                    var buffer = [CChar](repeating: 0, count: 256)
                    let count = llama_token_to_piece(vocabulary, token, &buffer, Int32(buffer.count), 0, false)
                    return buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }
                }
            }

            // On UIApplication.didReceiveMemoryWarningNotification let go of the LocalModel: freeing it returns the cache and the
            // buffers at once, and the next task loads the file again. On ProcessInfo.thermalStateDidChangeNotification pause.
            """
    }
}
