extension WrongFile {
    /// What is wrong with the file as a whole, or with its head.
    static let heads = [
        WrongFile("empty file", text: "", "1:1: the file is empty. Describe a pipeline in it."),
        WrongFile("only a comment", text: "# later\n", "1:1: the file is empty. Describe a pipeline in it."),
        WrongFile(
            "not a mapping",
            text: "- one\n- two\n",
            "1:1: a pipeline file must be a mapping with 'pipeline', 'version', 'model' and 'steps'."
        ),
        WrongFile(
            "tab indentation",
            text: "pipeline: p\nmodel:\n\tsource: m\n",
            "3:1: this is not valid YAML: found character that cannot start any token. Correct it."
        ),
        WrongFile(
            "unclosed bracket",
            text: "pipeline: p\nsteps: [a, b\n",
            "3:1: this is not valid YAML: did not find expected ',' or ']'. Correct it."
        ),
        WrongFile(
            "two documents",
            text: "pipeline: p\n---\npipeline: q\n",
            "2:1: this is not valid YAML: but found another document. Correct it."
        ),
        WrongFile(
            "unknown alias",
            text: "pipeline: *name\n",
            "1:11: this is not valid YAML: found undefined alias. Correct it."
        ),
        WrongFile(
            "duplicate key",
            text: "pipeline: p\nversion: 1.0.0\npipeline: q\n",
            "1:1: this is not valid YAML: the mapping has 'pipeline' more than once. Correct it."
        ),
        WrongFile(
            "unknown key in the head",
            text: "pipline: p\nversion: 1.0.0\nmodel: { source: m }\nsteps:\n  - { id: f16, convert: {} }\n",
            "1:1: the pipeline has no setting 'pipline'. Did you mean 'pipeline'? Known here: pipeline, version, model, "
                + "steps, models, vars, import.",
            "1:1: the pipeline needs the setting 'pipeline'. Add it."
        ),
        WrongFile(
            "everything missing",
            text: "{}\n",
            "1:1: the pipeline needs the setting 'pipeline'. Add it.",
            "1:1: the pipeline needs the setting 'version'. Add it.",
            "1:1: the pipeline needs the setting 'model'. Add it.",
            "1:1: the pipeline needs the setting 'steps'. Add it."
        ),
        WrongFile(
            "adapters that are none",
            text:
                "pipeline: p\nversion: 1.0.0\nmodel: { source: m, lora: [{ scale: 1 }, { folder: a, scale: x }] }\nsteps:\n"
                + "  - { id: f16, convert: {} }\n",
            "3:28: an adapter needs the setting 'folder'. Add it.",
            "3:62: 'scale' must be a number: 1 for the strength that the adapter was trained with."
        ),
        WrongFile(
            "a step that needs the file of one that keeps none",
            text:
                "pipeline: p\nversion: 1.0.0\nmodel: { source: m }\nsteps:\n  - { id: f16, convert: { keep: false } }\n"
                + "  - { id: all, publish: { builds: f16 } }\n",
            "6:35: 'builds' needs the file of 'f16', which is not kept. Leave out its 'keep: false'."
        ),
        WrongFile(
            "version with two numbers",
            text: "pipeline: p\nversion: 1.10\nmodel: { source: m }\nsteps:\n  - { id: f16, convert: {} }\n",
            "2:10: '1.10' is not a valid version. Write three numbers, such as 1.0.0."
        ),
        WrongFile(
            "name that no build can have",
            text: "pipeline: My Phi\nversion: 1.0.0\nmodel: { source: m }\nsteps:\n  - { id: f16, convert: {} }\n",
            "1:11: \"My Phi\" cannot be the name of a model. Use small letters, digits, dots, underscores and "
                + "hyphens, beginning with a letter or digit."
        ),
        WrongFile(
            "model without a source, and a list for a text",
            text: "pipeline: [p]\nversion: 1.0.0\nmodel: { licence: mit }\nsteps:\n  - { id: f16, convert: {} }\n",
            "1:11: 'pipeline' must be a text.",
            "3:8: the model needs the setting 'source'. Add it.",
            "3:10: the model has no setting 'licence'. Did you mean 'license'? Known here: source, license, lora, tags."
        ),
        WrongFile(
            "null where a text must be",
            text: "pipeline: ~\nversion: null\nmodel: { source: , tags: [null, ~] }\nsteps:\n"
                + "  - { id: Null, convert: {} }\n",
            "1:1: the pipeline needs the setting 'pipeline'. Add it.",
            "1:1: the pipeline needs the setting 'version'. Add it.",
            "3:8: the model needs the setting 'source'. Add it.",
            "3:27: 'tags' must be a text.",
            "3:33: 'tags' must be a text.",
            "5:5: a step needs the setting 'id'. Add it."
        ),
        WrongFile(
            "counts of tokens",
            steps: """
                  - { id: f16, convert: { pad-vocab: x0 } }
                  - { id: f32, convert: { pad-vocab: many } }
                  - { id: b16, convert: { pad-vocab: [64] } }
                """,
            "5:38: 'x0' is not a number of tokens. Take a number such as 32064, x64, or auto.",
            "6:38: 'many' is not a number of tokens. Take a number such as 32064, x64, or auto.",
            "7:38: 'pad-vocab' must be a text."
        ),
        WrongFile(
            "numbers and truth values of YAML 1.1",
            steps: """
                  - { id: f16, convert: { type: f16, keep: yes } }
                  - { id: m, imatrix: { model: f16, text: t, context: 10:00, chunks: 0x10 } }
                  - { id: n, imatrix: { model: f16, text: t, context: 1_000, chunks: .inf } }
                """,
            "5:44: 'keep' must be true or false.",
            "6:55: 'context' must be a whole number from 4 to 1048576.",
            "6:70: 'chunks' must be a whole number from 1 to 1073741824.",
            "7:55: 'context' must be a whole number from 4 to 1048576.",
            "7:70: 'chunks' must be a whole number from 1 to 1073741824."
        ),
        WrongFile(
            "model that is a text",
            text: "pipeline: p\nversion: 1.0.0\nmodel: here\nsteps:\n  - { id: f16, convert: {} }\n",
            "3:8: the model must be a mapping of settings, `key: value`."
        ),
        WrongFile("no steps", steps: "  []\n", "5:3: 'steps' must be a list of steps."),
        WrongFile("steps as a mapping", steps: "  f16: {}\n", "5:3: 'steps' must be a list of steps."),
    ]

    /// What is wrong with a step.
    static let steps = [
        WrongFile(
            "step that is a text",
            steps: "  - convert\n",
            "5:5: a step must be a mapping of settings, `key: value`."
        ),
        WrongFile("step without an id", steps: "  - convert: {}\n", "5:5: a step needs the setting 'id'. Add it."),
        WrongFile(
            "id that is no folder's name",
            steps: "  - { id: a/b, convert: {} }\n",
            "5:11: the id 'a/b' may hold letters, digits, '-' and '_' only."
        ),
        WrongFile(
            "duplicate id",
            steps: "  - { id: f16, convert: {} }\n  - { id: f16, convert: {} }\n",
            "6:11: another step is called 'f16' already. Give each its own id."
        ),
        WrongFile(
            "unknown kind of step",
            steps: "  - { id: f16, convrt: {} }\n",
            "5:5: step 'f16' must say what it does, with one of: \(kinds).",
            "5:16: a step has no setting 'convrt'. Did you mean 'convert'? Known here: id, matrix, \(kinds)."
        ),
        WrongFile(
            "two kinds in one step",
            steps: "  - { id: f16, convert: {}, fit: {} }\n",
            "5:5: step 'f16' must say what it does, with one of: \(kinds)."
        ),
        WrongFile(
            "unknown conversion type",
            steps: "  - { id: f16, convert: { type: f17 } }\n",
            "5:33: 'f17' is not a known type to convert to. Did you mean 'f16'? Known here: auto, f32, f16, bf16, q8_0."
        ),
        WrongFile(
            "reference to a later step",
            steps: "  - { id: builds, quantize: { model: f16, types: [q8_0] } }\n  - { id: f16, convert: {} }\n",
            "5:38: 'model' names the step 'f16', which comes later. Move it up."
        ),
        WrongFile(
            "reference to the step itself",
            steps: builds + "  - { id: more, quantize: { model: more, types: [q8_0] } }\n",
            "7:36: 'model' names its own step, 'more'. Name an earlier step."
        ),
        WrongFile(
            "reference to a step where there is none",
            steps: "  - { id: builds, quantize: { model: f16, types: [q8_0] } }\n",
            "5:38: 'model' names the step 'f16', which does not stand before this one. Add a `convert` step before it."
        ),
        WrongFile(
            "reference to an unknown step",
            steps: builds + "  - { id: fit, fit: { builds: build } }\n",
            "7:31: 'builds' names the step 'build', which does not stand before this one. Did you mean 'builds'? "
                + "Known here: f16, builds."
        ),
        WrongFile(
            "reference to a step of the wrong kind",
            steps: builds + "  - { id: fit, fit: { builds: builds } }\n  - { id: out, publish: { builds: fit } }\n",
            "8:35: 'builds' must name a step that does 'convert' or 'quantize'; 'fit' does not."
        ),
        WrongFile(
            "unknown quantization type",
            steps: "  - { id: f16, convert: {} }\n  - { id: b, quantize: { model: f16, types: [q4_m_k] } }\n",
            "6:46: 'q4_m_k' is not a known quantization type. Did you mean 'q4_k_m'? Known here: \(types)."
        ),
        WrongFile(
            "no quantization types",
            steps: "  - { id: f16, convert: {} }\n  - { id: b, quantize: { model: f16, types: [] } }\n",
            "6:45: 'types' must name at least one type."
        ),
        WrongFile(
            "a type twice, beside one that is none",
            steps: "  - { id: f16, convert: {} }\n  - { id: b, quantize: { model: f16, types: [zz, q4_k, Q4_K_M] } }\n",
            "6:46: 'zz' is not a known quantization type. Known here: \(types).",
            "6:56: the type 'q4_k_m' stands twice. Name each once."
        ),
        WrongFile(
            "unknown rounding",
            steps: """
                  - { id: f16, convert: {} }
                  - { id: b, quantize: { model: f16, types: q8_0, rounding: refine, imatrix: m.dat } }

                """,
            "6:61: 'refine' is not a known rounding. Did you mean 'refined'? Known here: reference, refined, feedback, lattice, "
                + "auto."
        ),
        WrongFile(
            "refined rounding without a matrix",
            steps: """
                  - { id: f16, convert: {} }
                  - { id: b, quantize: { model: f16, types: q8_0, rounding: refined } }

                """,
            "6:61: 'refined' weighs errors by an importance matrix. Give one with 'imatrix'."
        ),
        WrongFile(
            "importance matrix of a step that is not there",
            steps: """
                  - { id: f16, convert: {} }
                  - { id: importance, imatrix: { model: f16, text: t } }
                  - { id: b, quantize: { model: f16, types: q8_0, imatrix: importence } }
                  - { id: c, quantize: { model: f16, types: q8_0, imatrix: f16 } }

                """,
            "7:60: 'imatrix' names the step 'importence', which does not stand before this one. Did you mean "
                + "'importance'? Known here: importance.",
            "8:60: 'imatrix' must name a step that does 'imatrix' or 'sensitivity'; 'f16' does not."
        ),
        WrongFile(
            "importance matrix with wrong settings",
            steps: """
                  - { id: f16, convert: {} }
                  - { id: m, imatrix: { modell: f16, chunks: none, parse-special: perhaps } }

                """,
            "6:23: 'imatrix' needs the setting 'model'. Add it.",
            "6:23: 'imatrix' needs the setting 'text'. Add it.",
            "6:25: 'imatrix' has no setting 'modell'. Did you mean 'model'? Known here: model, text, context, chunks, "
                + "parse-special, process-output.",
            "6:46: 'chunks' must be a whole number from 1 to 1073741824.",
            "6:67: 'parse-special' must be true or false."
        ),
        WrongFile(
            "switch that is no truth value, and a wrong tensor rule",
            steps: """
                  - { id: f16, convert: {} }
                  - id: b
                    quantize: { model: f16, types: q8_0, pure: maybe, tensor-types: { "ffn_(": q6_k } }

                """,
            "7:48: 'pure' must be true or false.",
            "7:71: 'ffn_(' is not a valid regular expression. Check its brackets and escapes."
        ),
    ]

    /// What is wrong with measuring, fitting and publishing.
    static let measuring = [
        WrongFile(
            "text missing",
            steps: builds + "  - { id: v, validate: { builds: builds } }\n",
            "7:24: 'validate' needs the setting 'text'. Add it."
        ),
        WrongFile(
            "numbers that are none",
            steps: builds + "  - { id: v, validate: { builds: builds, text: t, context: long, chunks: 0 } }\n",
            "7:60: 'context' must be a whole number from 4 to 1048576.",
            "7:74: 'chunks' must be a whole number from 1 to 1073741824."
        ),
        WrongFile(
            "gate without 'against'",
            steps: builds
                + "  - { id: v, validate: { builds: builds, text: t, gates: { q8_0: { max-mean-kld: 0.1 } } } }\n",
            "7:60: this gate compares with another model. Name its step with 'against'."
        ),
        WrongFile(
            "gate on accuracy without tasks",
            steps: builds
                + "  - { id: v, validate: { builds: builds, text: t, gates: { q8_0: { min-accuracy: 50% } } } }\n",
            "7:60: this gate asks for accuracy. Name the file of the tasks with 'tasks'."
        ),
        WrongFile(
            "gate for a type that is not built",
            steps: builds
                + "  - { id: v, validate: { builds: builds, text: t, gates: { q4_1: { max-perplexity: 9 } } } }\n",
            "7:60: step 'builds' makes no build 'q4_1'. Did you mean 'q4_0'? Known here: q8_0, q4_0."
        ),
        WrongFile(
            "percentage without its sign",
            steps: builds
                + "  - { id: v, validate: { builds: builds, text: t, against: f16, gates: "
                + "{ q8_0: { max-perplexity-increase: 5 } } } }\n",
            "7:107: 'max-perplexity-increase' must be a percentage, such as 5%."
        ),
        WrongFile(
            "unknown and negative limits",
            steps: builds
                + "  - { id: v, validate: { builds: builds, text: t, gates: { q8_0: { max-perplexty: 9, "
                + "max-bits-per-byte: -1 } } } }\n",
            "7:68: a gate has no setting 'max-perplexty'. Did you mean 'max-perplexity'? Known here: "
                + "max-perplexity-increase, max-perplexity, max-bits-per-byte, max-bits-per-byte-increase, over, "
                + "max-mean-kld, min-same-top, min-accuracy, min-answered, min-mean-cosine, min-top10-overlap.",
            "7:105: 'max-bits-per-byte' must be a number of 0 or more."
        ),
        WrongFile(
            "gates that are no mapping",
            steps: builds + "  - { id: v, validate: { builds: builds, text: t, gates: [q8_0] } }\n",
            "7:58: 'gates' must be a mapping from build types to what they must reach."
        ),
        WrongFile(
            "unknown device and cache type",
            steps: builds + "  - { id: v, fit: { builds: builds, kv-type: f17, devices: [pixel-8, pixl-8] } }\n",
            "7:46: 'f17' is not a valid KV cache type. Did you mean 'f16'? Known here: f32, f16, bf16, q8_0, q5_1, "
                + "q5_0, q4_1, q4_0.",
            "7:70: there is no device \"pixl-8\" in the catalogue. Did you mean pixel-8, pixel-5, pixel-6? "
                + "`edgepipe devices` lists all."
        ),
        WrongFile(
            "unknown setting of a step",
            steps: builds + "  - { id: v, publish: { build: builds, channel: beta } }\n",
            "7:23: 'publish' needs the setting 'builds'. Add it.",
            "7:25: 'publish' has no setting 'build'. Did you mean 'builds'? Known here: builds, measures, channel, projector."
        ),
        WrongFile(
            "errors in many places, in the order of the file",
            text: """
                pipeline: p
                version: one
                model: { source: m, licence: mit }
                steps:
                  - { id: f16, convert: { type: f17 } }
                  - { id: fit, fit: { builds: f17, context: 0 } }

                """,
            "2:10: 'one' is not a valid version. Write three numbers, such as 1.0.0.",
            "3:21: the model has no setting 'licence'. Did you mean 'license'? Known here: source, license, lora, tags.",
            "5:33: 'f17' is not a known type to convert to. Did you mean 'f16'? Known here: auto, f32, f16, bf16, q8_0.",
            "6:31: 'builds' names the step 'f17', which does not stand before this one. Did you mean 'f16'? Known here: "
                + "f16.",
            "6:45: 'context' must be a whole number from 1 to 16777216."
        ),
    ]
}
