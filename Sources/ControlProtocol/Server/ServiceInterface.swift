/// `org.varlink.service`: what every varlink service says of itself.
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
