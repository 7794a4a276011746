package import ErrorModel
package import Files

/// A server that adapters are published to; the raw value is its name in the protocol.
package enum ModelServer: String, Sendable {
    /// A llama-server in router mode, by its preset file.
    case llamaServer = "llama-server"
    /// Whatever reads a folder of PEFT folders.
    case peftDirectory = "peft-directory"
}

/// What an operator sets of the publication of adapters to model servers.
package struct PublicationOptions: Sendable, Hashable {
    /// A llama-server in router mode.
    package struct LlamaServer: Sendable, Hashable {
        /// The path of the preset file that the daemon writes; nil for one in the state directory.
        package var preset: String?
        /// The path of the server's Unix socket; nil if nobody is told that the file has changed.
        package var socket: String?
        /// What holds for all names.
        package var arguments: [PresetArgument]

        package init(
            preset: String? = nil, socket: String? = nil,
            arguments: [PresetArgument] = PresetArgument.standard
        ) {
            self.preset = preset
            self.socket = socket
            self.arguments = arguments
        }
    }

    /// The llama-server; nil for none.
    package var llamaServer: LlamaServer?
    /// The folder of PEFT folders, as vLLM's filesystem resolver wants it; nil for none.
    package var peftDirectory: String?
    /// What the PEFT folders there call base models, by these models' names here.
    package var baseModelNames: [String: String]
    /// The user whose labels are names as they are; nil for none.
    package var owner: UserID?
    /// Whether an adapter with a label is published when it is made.
    package var isAutomatic: Bool
    /// How many names one user may have.
    package var namesPerUser: Int

    package init(
        llamaServer: LlamaServer? = nil, peftDirectory: String? = nil, baseModelNames: [String: String] = [:],
        owner: UserID? = nil, isAutomatic: Bool = false, namesPerUser: Int = 32
    ) {
        self.llamaServer = llamaServer
        self.peftDirectory = peftDirectory
        self.baseModelNames = baseModelNames
        self.owner = owner
        self.isAutomatic = isAutomatic
        self.namesPerUser = namesPerUser
    }

    /// Whether adapters can be published at all.
    package var isConfigured: Bool { llamaServer != nil || peftDirectory != nil }
}

/// A command-line argument of llama-server that holds for all names: a line of the preset file's section `[*]`.
package struct PresetArgument: Sendable, Hashable {
    /// The argument without its dashes, such as `ctx-size`.
    package let name: String
    package let value: String

    /// Those that hold if the configuration names none: 4,096 tokens of context, since a model's whole context may take
    /// gigabytes, and 10 seconds to stop.
    package static let standard = [
        PresetArgument(name: "ctx-size", value: "4096"), PresetArgument(name: "stop-timeout", value: "10"),
    ]

    /// What the daemon or the router sets itself.
    private static let reserved: Set = [
        "model", "m", "lora", "lora-scaled", "alias", "a", "host", "port", "version",
    ]

    private init(name: String, value: String) {
        (self.name, self.value) = (name, value)
    }

    /// Reads `NAME=VALUE`, with or without spaces around the sign.
    ///
    /// - Throws: `invalidRequest` of the key.
    package init(_ text: String, key: String) throws(SgloradError) {
        func trimmed(_ part: Substring) -> String {
            let end = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            return String(end)
        }
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw .invalidRequest(
                field: key, reason: "has \(Quoted(text)); each must be NAME=VALUE, such as ctx-size=4096")
        }
        let (name, value) = (trimmed(parts[0]), trimmed(parts[1]))
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let isName = name.utf8.allSatisfy {
            letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-")
        }
        guard let first = name.utf8.first, letters.contains(first), isName else {
            throw .invalidRequest(
                field: key,
                reason:
                    "has \(Quoted(text)); the name of an argument is written without dashes before it, as ctx-size"
            )
        }
        guard !Self.reserved.contains(name) else {
            throw .invalidRequest(field: key, reason: "has '\(name)', which is set for each name by itself")
        }
        guard PresetFile.obstacle(toValue: value) == nil, value.utf8.count <= 1024 else {
            throw .invalidRequest(
                field: key, reason: "has \(Quoted(text)); the value must be one line without ';' and '#'")
        }
        self.init(name: name, value: value)
    }
}
