import BinaryIO
import SystemPackage

/// Why a model's quality could not be measured.
public enum EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    case textTooShort(tokens: Int, needed: Int, context: Int, path: FilePath? = nil)
    case textTooShortForFeedback(tokens: Int, needed: Int, columns: Int, path: FilePath? = nil)
    case layersReadEachOther(FilePath)
    case contextTooSmall(context: Int)
    case strideOutOfRange(stride: Int, window: Int)
    case noChunks(Int)
    case vocabularyEndsTexts
    case notUTF8(line: Int, path: FilePath? = nil)
    case notANumber(chunk: Int, position: Int)
    case badTask(line: Int, why: String, path: FilePath? = nil)
    case noTasks(path: FilePath? = nil)
    case activationsNotFinite(tensor: String, chunk: Int)
    case noText
    case vocabulariesDiffer(base: Int, build: Int)
    case notBaseLogits(path: FilePath, why: String)
    case notScores(path: FilePath, why: String)
    case piecesDoNotFit(String)
    case buildOfAnotherModel(tensor: String)
    case unreadableType(tensor: String, type: String)
    case nothingToCompare
    case badEmbeddings(String)
    case noPooling(FilePath)
    case noBaseOfEmbeddings
    case wrongTextCount(Int, least: Int, most: Int, path: FilePath? = nil)
    case badTextLine(line: Int, path: FilePath? = nil)
    case gradientsNotFinite(tensor: String, chunk: Int)
    case factorsOfAnotherModel(tensor: String, path: FilePath? = nil)
    case factorsOfAnotherRun
    case notFisherFactors(path: FilePath, why: String)
    case noChatForm(FilePath, hasTemplate: Bool)
    case questionTooLong(line: Int, path: FilePath? = nil)

    /// The file, if there is one, the cause, and what to do.
    public var description: String {
        switch self {
        case .textTooShort(let tokens, let needed, let context, let path):
            (path.map { "\($0): " } ?? "")
                + "The text has \(tokens) tokens, but \(needed) are needed for a context of \(context). "
                + "Give a longer text or a smaller context."
        case .textTooShortForFeedback(let tokens, let needed, let columns, let path):
            (path.map { "\($0): " } ?? "")
                + "\(tokens) tokens of text are too few to round matrices of \(columns) columns with feedback; \(needed) are "
                + "needed. Give a longer text, or more of it with \(setting: "feedback-tokens")."
        case .layersReadEachOther(let path):
            "\(path): some layers read the keys and values of others, so that a text cannot be taken through them one at a time. "
                + "Choose another rounding with \(setting: "rounding")."
        case .contextTooSmall(let context):
            "A context of \(context) tokens leaves nothing to score. Use 4 or more; 512 is usual."
        case .strideOutOfRange(let stride, let window):
            "A stride of \(stride) does not fit a window of \(window) tokens. Use a stride from 1 to \(window - 2)."
        case .noChunks(let count):
            "\(count) chunks are nothing to measure. Ask for 1 or more, or leave the number out for the whole text."
        case .vocabularyEndsTexts:
            "The vocabulary puts an end token after every text, for which perplexity is not defined. Use a model that "
                + "does not."
        case .notUTF8(let line, let path):
            (path.map { "\($0): " } ?? "") + "Line \(line) of the text is not valid UTF-8. Save the text as UTF-8."
        case .badTask(let line, let why, let path):
            (path.map { "\($0): line" } ?? "Line") + " \(line) of the tasks: \(why). "
                + #"A task is a line such as {"context": "…", "endings": ["…", "…"], "label": 0}."#
        case .noTasks(let path):
            (path.map { "\($0): " } ?? "") + "There are no tasks. "
                + #"Write one a line, such as {"context": "…", "endings": ["…", "…"], "label": 0}."#
        case .activationsNotFinite(let tensor, let chunk):
            "What tensor '\(tensor)' is multiplied with in chunk \(chunk) is infinite or not a number. The model's "
                + "weights are damaged; make the file again."
        case .notANumber(let chunk, let position):
            "The model's output for token \(position) of chunk \(chunk) is not a number. Its weights are damaged; make "
                + "the file again."
        case .buildOfAnotherModel(let tensor):
            "The build has no tensor '\(tensor)' of the base's shape. Give a build of the same model."
        case .unreadableType(let tensor, let type):
            "Tensor '\(tensor)' of the build has the type \(type), which cannot be decoded. Quantize to another type."
        case .badEmbeddings(let reason):
            "Embeddings cannot be compared: \(reason). Give two builds of one embedding model, and texts."
        case .noPooling(let path):
            "\(path) does not say how a text's vectors become one, as language models do not. Choose mean, cls or last with "
                + "\(setting: "pooling"), or give an embedding model."
        case .noBaseOfEmbeddings:
            "An embedding model's quality is how near its vectors are to another build's. Name the step of the F32 or F16 build "
                + "with \(setting: "against")."
        case .wrongTextCount(let count, let least, let most, let path):
            (path.map { "\($0): " } ?? "") + "\(count) texts were given, where \(least) to \(most) are needed. "
                + "Write each on a line of its own; a few hundred tell builds apart."
        case .badTextLine(let line, let path):
            (path.map { "\($0): line" } ?? "Line")
                + " \(line) is no JSON string. Write each text as a JSON string on a line of "
                + "its own, or give a plain text under another name than .jsonl."
        case .gradientsNotFinite(let tensor, let chunk):
            "A gradient of tensor '\(tensor)' in chunk \(chunk) is infinite or not a number. The model's weights are damaged; "
                + "make the file again."
        case .factorsOfAnotherModel(let tensor, let path):
            (path.map { "\($0): " } ?? "")
                + "The factors of '\(tensor)' do not fit the model, which has no tensor of that name "
                + "and shape. Collect the factors of this model."
        case .factorsOfAnotherRun:
            "The factors to go on with come from another context, seed or set of kernels. Collect them from the beginning."
        case .notFisherFactors(let path, let why):
            "\(path): \(why). Collect the factors again."
        case .noChatForm(let path, let hasTemplate):
            "\(path): "
                + (hasTemplate
                    ? "The model's chat template is of no known form. "
                    : "The model has no chat template, so that nobody knows how it wants to be asked. ")
                + "Name the form with \(setting: "chat-form"): one of \(ChatForm.names.joined(separator: ", ")), or a text with "
                + "\(ChatForm.place) in the question's place."
        case .questionTooLong(let line, let path):
            (path.map { "\($0): line" } ?? "Line") + " \(line) is longer than \(TalkRun.longestQuestion >> 10) KiB. "
                + "Write one short question a line."
        case .nothingToCompare:
            "No tensor is left whose type is another than the base's. Name another type, or fewer conditions."
        case .noText:
            "The scored tokens stand for no text at all. Give a text of ordinary words."
        case .vocabulariesDiffer(let base, let build):
            "The base model has \(base) tokens and the build \(build), or their texts differ. Compare a build with the "
                + "model that it was made from."
        case .notScores(let path, let why):
            "\(path): \(why). Measure that piece of the text again."
        case .piecesDoNotFit(let why):
            "The pieces of the text's measurement do not make a whole: \(why). Measure them again."
        case .notBaseLogits(let path, let why):
            "\(path): \(why). Write the file again with \(setting: "save-logits")."
        }
    }

    /// Runs `work` on the text of a file, so that an error about the text names the file.
    public static func naming<Result>(_ text: FilePath, _ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch EvaluationError.textTooShort(let tokens, let needed, let context, _) {
            throw EvaluationError.textTooShort(tokens: tokens, needed: needed, context: context, path: text)
        } catch EvaluationError.textTooShortForFeedback(let tokens, let needed, let columns, _) {
            throw EvaluationError.textTooShortForFeedback(tokens: tokens, needed: needed, columns: columns, path: text)
        } catch EvaluationError.notUTF8(let line, _) {
            throw EvaluationError.notUTF8(line: line, path: text)
        } catch EvaluationError.badTask(let line, let why, _) {
            throw EvaluationError.badTask(line: line, why: why, path: text)
        } catch EvaluationError.wrongTextCount(let count, let least, let most, _) {
            throw EvaluationError.wrongTextCount(count, least: least, most: most, path: text)
        } catch EvaluationError.badTextLine(let line, _) {
            throw EvaluationError.badTextLine(line: line, path: text)
        } catch EvaluationError.questionTooLong(let line, _) {
            throw EvaluationError.questionTooLong(line: line, path: text)
        } catch EvaluationError.noTasks {
            throw EvaluationError.noTasks(path: text)
        }
    }
}
