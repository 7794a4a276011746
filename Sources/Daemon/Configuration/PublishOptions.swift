internal import Adaptation
internal import ErrorModel
internal import Files

/// What is published to the model servers of the box, under names.
public struct PublishOptions: Sendable, Hashable {
    /// A llama-server in router mode.
    public struct LlamaServer: Sendable, Hashable {
        /// The path of the preset file that the daemon writes; nil for one in the state directory.
        public var preset: String?
        /// The path of the server's Unix socket; nil if it is not told of changes.
        public var socket: String?
        /// Arguments for all names, each as `NAME=VALUE`; nil for the usual ones.
        public var arguments: [String]?

        public init(preset: String? = nil, socket: String? = nil, arguments: [String]? = nil) {
            self.preset = preset
            self.socket = socket
            self.arguments = arguments
        }
    }

    /// The user whose labels are names as they are, by name or number; nil for none.
    public var owner: String?
    /// Whether an adapter with a label is published when it is made.
    public var isAutomatic: Bool
    /// How many names one user may have.
    public var namesPerUser: Int
    /// The llama-server; nil for none.
    public var llamaServer: LlamaServer?
    /// The folder of PEFT folders; nil for none.
    public var peftDirectory: String?
    /// What the PEFT folders there call base models, by these models' names here.
    public var baseModelNames: [String: String]

    public init(
        owner: String? = nil, isAutomatic: Bool = false, namesPerUser: Int = 32,
        llamaServer: LlamaServer? = nil, peftDirectory: String? = nil, baseModelNames: [String: String] = [:]
    ) {
        self.owner = owner
        self.isAutomatic = isAutomatic
        self.namesPerUser = namesPerUser
        self.llamaServer = llamaServer
        self.peftDirectory = peftDirectory
        self.baseModelNames = baseModelNames
    }
}

extension PublishOptions {
    static let argumentsKey = "publish.llamaServer.arguments"

    /// The options as the domain takes them; blocks, since the owner may be given by name.
    ///
    /// - Throws: `invalidRequest` for an owner who is not a user of this machine.
    func resolved() throws(SgloradError) -> PublicationOptions {
        var user: UserID?
        if let owner {
            user = UserAccounts.user(named: owner)
            guard user != nil else {
                throw .invalidRequest(
                    field: "publish.owner", reason: "is '\(owner)'; it must be a user's name or number")
            }
        }
        return PublicationOptions(
            llamaServer: try llamaServer.map { (server) throws(SgloradError) in
                PublicationOptions.LlamaServer(
                    preset: server.preset, socket: server.socket,
                    arguments: try Self.arguments(server.arguments))
            },
            peftDirectory: peftDirectory, baseModelNames: baseModelNames, owner: user,
            isAutomatic: isAutomatic, namesPerUser: namesPerUser)
    }

    /// The arguments of the preset file.
    ///
    /// - Throws: `invalidRequest` for one that cannot stand there.
    static func arguments(_ texts: [String]?) throws(SgloradError) -> [PresetArgument] {
        guard let texts else { return PresetArgument.standard }
        var arguments: [PresetArgument] = []
        for text in texts { arguments.append(try PresetArgument(text, key: argumentsKey)) }
        return arguments
    }
}
