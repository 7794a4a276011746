/// What to do next about an error: a purpose, and the one step that serves it.
///
/// It is printed below the error, so that a user sees the step last and can copy it.
public struct Remedy: Sendable, Hashable, CustomStringConvertible {
    /// A step that can be carried out as it stands; words in capitals stand for the user's own.
    public enum Step: Sendable, Hashable {
        /// A command to type.
        case command(String)
        /// A key of the configuration, an environment variable, an option or a parameter to set.
        case setting(String)
        /// A file or a folder to mend.
        case file(String)
    }

    /// What the step is for, as a phrase that a colon and the step follow, such as "list the adapters".
    public let purpose: String
    public let step: Step

    /// Creates a remedy of any step.
    public init(_ purpose: String, _ step: Step) {
        self.purpose = purpose
        self.step = step
    }

    /// A command to type.
    public static func type(_ command: String, to purpose: String) -> Remedy {
        Remedy(purpose, .command(command))
    }

    /// The step in words: the command, the key, or the path.
    public var stepText: String {
        switch step {
        case .command(let text), .setting(let text), .file(let text): text
        }
    }

    /// The purpose and the step: "list the adapters: sglorad-ctl adapter list".
    public var description: String { "\(purpose): \(stepText)" }

    /// A word of a command line, in quotation marks if a shell would not take it as it stands.
    public static func word(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { scalar in
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || "-_./:@%+,=~".unicodeScalars.contains(scalar)
        }
        guard !isPlain || text.isEmpty || text.hasPrefix("-") || text.hasPrefix("~") else { return text }
        let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return "'\(quoted)'"
    }
}
