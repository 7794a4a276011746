internal import ArgumentParser

/// Formats that an adapter is written in, separated by commas.
struct AdapterFormatList: ExpressibleByArgument, Sendable {
    /// A format, with its name in the protocol.
    enum Format: String, CaseIterable, Sendable {
        case peft
        case gguf
        case ggufHalf = "gguf-f16"

        /// The names of its files.
        var files: [String] {
            self == .peft ? ["adapter_config.json", "adapter_model.safetensors"] : ["adapter_model.gguf"]
        }
    }

    let formats: [Format]

    /// The names in the protocol.
    var names: [String] { formats.map(\.rawValue) }

    init?(argument: String) {
        var formats: [Format] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let format = Format(rawValue: String(word)) else { return nil }
            formats.append(format)
        }
        // Each once: a file has one name.
        self.formats = Format.allCases.filter(formats.contains)
    }

    static var allValueStrings: [String] { Format.allCases.map(\.rawValue) + ["peft,gguf", "peft,gguf-f16"] }
}
