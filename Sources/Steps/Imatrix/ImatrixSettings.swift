import Pipeline
import Settings

/// Settings for making an importance matrix of a model on a text.
public struct ImatrixSettings: StepKind {
    /// The `convert` step whose file is run. A command names its model elsewhere.
    public var model: String
    /// The file's path as written in the pipeline file.
    public var text: String
    /// The number of tokens per window.
    public var context = 512
    /// The largest number of windows; nil for the whole text.
    public var chunks: Int?
    /// Whether control tokens in the text are parsed as such.
    public var parsesSpecial = false
    /// Whether the output matrix has an entry too.
    public var includesOutput = false

    package static let kind = "imatrix"
    package static let settings = [
        .model("the `convert` step that is run"),
        Setting("text", "a UTF-8 text that is like what the model will read", takes: .path, isRequired: true),
        .context,
        .chunks,
        Setting(
            "parse-special",
            "control tokens that are written out in the text count as such",
            standard: "false",
            takes: .flag
        ),
        Setting(
            "process-output",
            "collect for the output matrix too, or the token embedding that serves as one",
            standard: "false",
            takes: .flag
        ),
    ]

    package init(_ reader: SettingReader, _ references: StepReferences) {
        model = references.areSteps ? references.file("model", in: reader) : ""
        text = reader.requiredText("text") ?? ""
        context = reader.context ?? context
        chunks = reader.chunks
        parsesSpecial = reader.flag("parse-special") ?? false
        includesOutput = reader.flag("process-output") ?? false
    }

    package var needs: [String] { [model] }

    func step(_ id: String, on bench: Workbench) throws -> any Step {
        let path = bench.path(text)
        let conversion = bench.conversion(model)
        return ImatrixStep(id: id, settings: self, model: conversion, text: path, textInput: try bench.file(path))
    }
}
