internal import ErrorModel
internal import FoundationEssentials
internal import SgloradInterface

/// Reads a `prompt.json`: the form in which a language model's experts were asked and answer.
///
/// The daemon checks what its texts hold.
enum PromptFormFile {
    /// The longest file, in bytes.
    private static let limit = 1 << 16
    private static let form = "A form holds \"prompt\" and \"answer\", both texts."

    /// Reads a file with the caller's permissions.
    ///
    /// Throws `invalidFile` if it is no JSON object of texts, lacks one that is needed, or has one that is not known;
    /// `labels`, which says for people where the labels come from, is.
    static func read(_ path: String) throws(SgloradError) -> Wire.PromptForm {
        let content = Data(try OutgoingFile.content(ofPath: path, limit: limit))
        guard let texts = try? JSONDecoder().decode([String: String].self, from: content) else {
            throw .invalidFile(path, "it is not a JSON object of texts. \(form)")
        }
        for name in texts.keys.sorted() where !["prompt", "answer", "labels"].contains(name) {
            throw .invalidFile(path, "\(Quoted(name)) is unknown. \(form)")
        }
        guard let prompt = texts["prompt"], let answer = texts["answer"] else {
            throw .invalidFile(
                path, "\"\(texts["prompt"] == nil ? "prompt" : "answer")\" is missing. \(form)")
        }
        return Wire.PromptForm(prompt: prompt, answer: answer)
    }
}
