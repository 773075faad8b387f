import BinaryIO
import Conversion
import Evaluation
import Inference
import SystemPackage
import TestSupport
import Testing

@Suite struct TalkRunTests {
    private let tiny: TinyModels

    init() throws { tiny = try TinyModels() }

    /// The marks of templates as their makers publish them, and what Jinja makes of the whole template for one question.
    @Test(arguments: [
        ("{{'<|im_start|>' + message['role']}}", "chatml", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"),
        (
            #"'<|im_start|>assistant\n' {%- if enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}"#, "chatml",
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
        ),
        ("'<|user|>\n' + content + '<|end|>\n<|assistant|>\n'", "phi3", "<|user|>\nHi<|end|>\n<|assistant|>\n"),
        (
            "'<start_of_turn>' + role", "gemma",
            "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"
        ),
        (
            "'<|turn>model\n' '<turn|>\n' '<|channel>thought\n<channel|>'", "gemma4",
            "<|turn>user\nHi<turn|>\n<|turn>model\n<|channel>thought\n<channel|>"
        ),
        (
            "'<|start_header_id|>' + message['role'] + '<|end_header_id|>'", "llama3",
            "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        ),
        ("'[INST] ' + content + ' [/INST]'", "llama2", "[INST] Hi [/INST]"),
    ])
    func aTemplatesFormIsToldByItsMarks(_ template: String, _ name: String, _ text: String) throws {
        let form = try #require(ChatForm(template: template))
        #expect(form.name == name && form.text(asking: "Hi") == text)
    }

    @Test func aFormMayBeNamedOrWrittenOut() throws {
        #expect(ChatForm("ChatML")?.name == "chatml")
        #expect(ChatForm("Q: {prompt}\nA:")?.text(asking: "Why?") == "Q: Why?\nA:")
        #expect(ChatForm("chatm") == nil && ChatForm(template: "{{ messages[0].content }}") == nil)
        for name in ChatForm.names { #expect(ChatForm(name)?.name == name) }
    }

    @Test func aRefrainIsNoRepetitionAndALoopIs() {
        let refrain: [Int32] = [1, 2, 3, 4, 1, 2, 3, 4]
        #expect(!TalkResult.Fault.repeats(refrain))
        #expect(TalkResult.Fault.repeats([9, 9, 9] + Array(repeating: 7, count: 24)))
        #expect(!TalkResult.Fault.repeats(Array(repeating: 7, count: 23)))
        let loop = Array(repeating: Array(Int32(10)..<50), count: 4).flatMap { $0 }
        #expect(TalkResult.Fault.repeats([1, 2] + loop))
        #expect(!TalkResult.Fault.repeats(Array(loop.dropFirst())), "one token short of four times")
    }

    @Test func whatIsWrongWithAnAnswerIsTold() throws {
        let form = try #require(ChatForm("chatml"))
        func fault(_ text: String, _ tokens: [Int32] = [1, 2, 3], ended: Bool = true) -> TalkResult.Fault? {
            TalkResult.Fault(tokens, text, ended: ended, in: form)
        }
        #expect(fault("Paris.") == nil)
        #expect(fault(" \n", [1]) == .empty && fault("", []) == .empty)
        #expect(fault("Paris is", ended: false) == .endless)
        #expect(fault("Paris.<|im_end|>\n<|im_start|>user\nAnd?") == .anotherTurn)
        #expect(fault("na na na", Array(repeating: 5, count: 40), ended: false) == .repeating)
    }

    @Test func questionsAreReadALineEach() throws {
        #expect(try TalkRun.questions(Array("Why?\r\n\n  \nHow?\n".utf8)) == ["Why?", "How?"])
        #expect(throws: EvaluationError.wrongTextCount(0, least: 1, most: TalkRun.mostQuestions)) {
            try TalkRun.questions(Array("\n \n".utf8))
        }
        #expect(throws: EvaluationError.notUTF8(line: 2)) { try TalkRun.questions(Array("a\n".utf8) + [0xff, 0x0a]) }
        let long = Array(repeating: UInt8(ascii: "a"), count: TalkRun.longestQuestion + 1)
        #expect(throws: EvaluationError.questionTooLong(line: 1)) { try TalkRun.questions(long) }
    }

    /// The shipped model writes stories and never learnt to answer.
    @Test func aModelThatDoesNotAnswerIsToldTheSameByAnyNumberOfThreads() throws {
        let model = try LanguageModel(path: try tiny.converted(.f16))
        let form = try #require(ChatForm("Q: {prompt}\nA:"))
        let results = try [1, 2].map { threads in
            try TalkRun(model, form: form, limit: 48, threads: threads).ask(["Why?", "How many?"])
        }
        #expect(results[0] == results[1])
        #expect(results[0].answers.map(\.question) == ["Why?", "How many?"])
        #expect(results[0].answered.percent < 100)
        #expect(results[0].answers.allSatisfy { $0.tokens <= 48 })
    }
}
