/// The reply to `org.varlink.service.GetInfo`, apart from the list of interfaces.
public struct ServiceInformation: Sendable, Hashable {
    public let vendor: String
    public let product: String
    public let version: String
    /// The project's home page.
    public let url: String

    public init(vendor: String, product: String, version: String, url: String) {
        self.vendor = vendor
        self.product = product
        self.version = version
        self.url = url
    }
}

/// `org.varlink.service`, which every varlink service implements.
struct ServiceInterface: VarlinkInterface {
    private struct Information: Encodable {
        let vendor: String
        let product: String
        let version: String
        let url: String
        let interfaces: [String]
    }

    private struct DescriptionRequest: Decodable {
        let interface: String
    }

    private struct Description: Encodable {
        let description: String
    }

    let name = "org.varlink.service"
    let definition: String
    private let information: Information
    private let definitions: [String: String]

    init(_ information: ServiceInformation, interfaces: [any VarlinkInterface]) {
        definition = String(decoding: PackageResources.org_varlink_service_varlink, as: UTF8.self)
        var definitions = [name: definition]
        for interface in interfaces { definitions[interface.name] = interface.definition }
        self.definitions = definitions
        self.information = Information(
            vendor: information.vendor, product: information.product, version: information.version,
            url: information.url, interfaces: definitions.keys.sorted())
    }

    func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws {
        switch call.methodName {
        case "GetInfo":
            try await replies.finish(information)
        case "GetInterfaceDescription":
            let wanted = try call.parameters(as: DescriptionRequest.self).interface
            guard let definition = definitions[wanted] else { throw VarlinkError.interfaceNotFound(wanted) }
            try await replies.finish(Description(description: definition))
        default:
            throw VarlinkError.methodNotFound(call.method)
        }
    }
}
