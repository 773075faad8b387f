/// The known forms.
///
/// Source: llama.cpp's `llama-chat.cpp`, and for forms that it lacks, the models' own templates.
/// `scripts/compare-chat-forms.py` compares them with Jinja's output of the templates.
extension ChatForm {
    /// A form, and how its templates are recognized.
    struct Known {
        let form: ChatForm
        /// The marks, all of which a template of this form contains. The first row whose marks all match counts.
        let marks: [String]

        init(_ form: ChatForm, _ marks: String...) { (self.form, self.marks) = (form, marks) }
    }

    /// Empty thoughts, as they appear at the end of a quoted text. The first match counts.
    static let thoughts = [
        "<think>\n\n</think>\n\n", "<think>\n\n</think>\n", "<think>\n</think>", "<think></think>",
        "<|channel>thought\n<channel|>",
    ]

    static let known: [Known] = [
        Known(
            ChatForm("phi4", "<|im_start|>user<|im_sep|>", "<|im_end|><|im_start|>assistant<|im_sep|>"),
            "<|im_start|>",
            "<|im_sep|>"
        ),
        Known(
            ChatForm("smolvlm", "<|im_start|>User: ", "<end_of_utterance>\nAssistant:", turns: ["User:"]),
            "<|im_start|>",
            "<end_of_utterance>"
        ),
        Known(
            ChatForm("chatml", "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
            "<|im_start|>"
        ),
        Known(ChatForm("mistral-v7", "[INST]", "[/INST]"), "[INST]", "[SYSTEM_PROMPT]"),
        Known(ChatForm("mistral-v3-tekken", "[INST]", "[/INST]"), "\"[INST]\"", "[AVAILABLE_TOOLS]"),
        Known(ChatForm("mistral-v3", "[INST] ", "[/INST]"), "[INST]", "[AVAILABLE_TOOLS]"),
        Known(ChatForm("llama2", "[INST] ", " [/INST]"), "[INST]"),
        Known(ChatForm("phi3", "<|user|>\n", "<|end|>\n<|assistant|>\n"), "<|assistant|>", "<|end|>"),
        Known(ChatForm("chatglm4", "[gMASK]<sop><|user|>\n", "<|assistant|>\n", turns: ["<|user|>"]), "[gMASK]<sop>"),
        Known(
            ChatForm("exaone-moe", "<|user|>\n", "<|endofturn|>\n<|assistant|>\n"),
            "<|assistant|>",
            "<|user|>",
            "<|tool_declare|>"
        ),
        Known(ChatForm("falcon3", "<|user|>\n", "\n<|assistant|>\n"), "<|assistant|>", "<|user|>", "</s>"),
        Known(ChatForm("zephyr", "<|user|>\n", "<|endoftext|>\n<|assistant|>\n"), "<|user|>", "<|endoftext|>"),
        Known(ChatForm("gemma", "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n"), "<start_of_turn>"),
        Known(
            ChatForm("gemma4", "<|turn>user\n", "<turn|>\n<|turn>model\n"),
            "<|turn>",
            "<turn|>"
        ),
        Known(ChatForm("openchat", "GPT4 Correct User: ", "<|end_of_turn|>GPT4 Correct Assistant:"), "GPT4 Correct "),
        Known(ChatForm("vicuna", "USER: ", "\nASSISTANT:"), "USER: ", "ASSISTANT: "),
        Known(
            ChatForm(
                "command-r",
                "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>",
                "<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"
            ),
            "<|START_OF_TURN_TOKEN|>",
            "<|USER_TOKEN|>"
        ),
        Known(
            ChatForm(
                "llama3",
                "<|start_header_id|>user<|end_header_id|>\n\n",
                "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
                turns: ["<|start_header_id|>"]
            ),
            "<|start_header_id|>",
            "<|end_header_id|>"
        ),
        Known(
            ChatForm(
                "llama4",
                "<|header_start|>user<|header_end|>\n\n",
                "<|eot|><|header_start|>assistant<|header_end|>\n\n",
                turns: ["<|header_start|>"]
            ),
            "<|header_start|>",
            "<|header_end|>"
        ),
        Known(ChatForm("minicpm", "<用户>", "<AI>"), "<用户>"),
        Known(ChatForm("deepseek3", "<｜User｜>", "<｜Assistant｜>"), "<｜Assistant｜>", "<｜User｜>"),
        Known(ChatForm("exaone3", "[|user|]", "\n[|assistant|]"), "[|assistant|]", "[|endofturn|]"),
        Known(
            ChatForm(
                "granite",
                "<|start_of_role|>user<|end_of_role|>",
                "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
                turns: ["<|start_of_role|>"]
            ),
            "<|start_of_role|>"
        ),
        Known(
            ChatForm("gpt-oss", "<|start|>user<|message|>", "<|end|><|start|>assistant", turns: ["<|start|>user"]),
            "<|start|>",
            "<|channel|>"
        ),
        Known(
            ChatForm("kimi-k2", "<|im_user|>user<|im_middle|>", "<|im_end|><|im_assistant|>assistant<|im_middle|>"),
            "<|im_assistant|>",
            "<|im_middle|>"
        ),
        Known(ChatForm("seed-oss", "<seed:bos>user\n", "<seed:eos><seed:bos>assistant\n"), "<seed:bos>"),
        Known(ChatForm("hunyuan", "<｜hy_User｜>", "<｜hy_Assistant｜>"), "<｜hy_Assistant｜>", "<｜hy_place▁holder▁no▁3｜>"),
    ]
}
