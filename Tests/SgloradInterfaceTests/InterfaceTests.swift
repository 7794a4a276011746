import ErrorModel
import Foundation
import Privacy
import SgloradInterface
import TestSupport
import Testing
import Varlink
import VarlinkDefinition

@Suite("The interface io.sglorad", .timeLimit(.minutes(20)))
struct InterfaceTests {
    /// Serves a ``StubHandler`` while the body runs.
    private func serve(
        authorise: @escaping @Sendable (Methods.Name?, VarlinkCall) throws -> Void = { _, _ in },
        _ body: @Sendable (VarlinkClient) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let server = VarlinkServer(
            address: .path(folder("s"), mode: 0o600),
            information: ServiceInformation(vendor: "V", product: "P", version: "1", url: SgloradRelease.url),
            interfaces: [SgloradDispatcher(StubHandler(), authorise: authorise)]
        ) { _, _ in }
        try await server.bind()
        async let serving: Void = server.run()
        do {
            let client = try await VarlinkClient.connect(path: folder("s"))
            try await body(client)
            await client.close()
        } catch {
            server.shutdown()
            throw error
        }
        server.shutdown()
        try await serving
    }

    @Test func `the served description has exactly the methods and errors that exist`() async throws {
        struct Description: Decodable, Sendable { let description: String }
        try await serve { client in
            let text = try await client.call(
                "org.varlink.service.GetInterfaceDescription", ["interface": Wire.interface],
                returning: Description.self
            ).description
            #expect(text == Wire.definition)
            let definition = try InterfaceDefinition(parsing: text)
            #expect(definition.name == Wire.interface)
            #expect(definition.methods.map(\.name) == Methods.Name.allCases.map(\.rawValue))
            #expect(definition.methods.map(\.name) == Methods.all.map { $0.name })
            #expect(Set(definition.errors.map(\.name)) == Set(SgloradError.Code.all.map(\.name)))
            #expect(definition.errors.allSatisfy { $0.parameters.description.hasPrefix("(message: string") })
        }
    }

    @Test func `every member is documented`() throws {
        let definition = try InterfaceDefinition(parsing: Wire.definition)
        let documentation =
            definition.types.map { ($0.name, $0.documentation) }
            + definition.methods.map { ($0.name, $0.documentation) }
            + definition.errors.map { ($0.name, $0.documentation) }
        for (name, text) in documentation { #expect(!text.isEmpty, "\(name)") }
    }

    @Test(
        .enabled(
            if: ReferenceVarlink.python != nil, "needs Python's varlink package: Scripts/python.sh varlink"))
    func `the reference implementation parses the description`() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array(Wire.definition.utf8), to: "i.varlink")
        // It cuts a method's parameters at the first ')', and knows one namespace for all members.
        let script = """
            import sys, varlink
            from varlink.scanner import _Alias, _CustomType, _Method
            interface = varlink.Interface(open(sys.argv[1]).read())
            def check(type):
                if isinstance(type, _CustomType): assert isinstance(interface.members[type.name], _Alias), type.name
                fields = getattr(type, 'fields', None)
                for inner in fields.values() if isinstance(fields, dict) else []: check(inner)
                if hasattr(type, 'element_type'): check(type.element_type)
            for member in interface.members.values():
                if isinstance(member, _Method): check(member.in_type); check(member.out_type)
                elif isinstance(member, _Alias): check(member.type)
            print(' '.join(n for n, m in interface.members.items() if isinstance(m, _Method)))
            """
        let names = try ReferenceVarlink.output(of: script, [folder("i.varlink")])
        #expect(
            names.split(whereSeparator: \.isWhitespace).map(String.init)
                == Methods.Name.allCases.map(\.rawValue), "\(names)")
    }

    @Test func `every call is authorised first, even of an unknown method`() async throws {
        try await serve { name, _ in
            guard name == .status else { throw VarlinkError.permissionDenied }
        } _: { client in
            let status = try await client.status()
            #expect(status.version == "stub")
            for method in ["Submit", "Absent"] {
                await #expect(throws: VarlinkError.permissionDenied) {
                    _ = try await client.call(
                        "\(Wire.interface).\(method)", ["unknown": 1], returning: [String: Int].self)
                }
            }
        }
    }

    @Test func `an unknown method is not found`() async throws {
        try await serve { client in
            await #expect(throws: VarlinkError.methodNotFound("io.sglorad.Absent")) {
                _ = try await client.call("io.sglorad.Absent", returning: [String: Int].self)
            }
        }
    }

    @Test func `a method that requires more streams, and refuses a call without it`() async throws {
        try await serve { client in
            var states: [String?] = []
            for try await reply in client.monitor() { states.append(reply.health?.state) }
            #expect(states == ["ok", "degraded"])
            await #expect(throws: VarlinkError.expectedMore) {
                _ = try await client.call(Methods.Monitor.self, .init())
            }
        }
    }

    @Test func `a method that supports more streams with it and answers once without`() async throws {
        try await serve { client in
            var states: [String] = []
            for try await reply in client.requestUpdates(.init(intent: Wire.Intent(text: "birds"))) {
                states.append(reply.request.state)
            }
            #expect(states == ["queued", "done"])
            let reply = try await client.request(.init(intent: Wire.Intent(text: "birds")))
            #expect(reply.request.state == "done")
        }
    }

    @Test func `encode decodes at most one text beyond its limit`() throws {
        let texts = [String](repeating: "", count: 5_000)
        let parameters = try JSONDecoder().decode(
            Methods.Encode.Parameters.self, from: JSONEncoder().encode(["texts": texts]))
        #expect(parameters.texts.count == Methods.Encode.limit + 1)
        #expect(parameters.adapterId == nil)
        let small = Methods.Encode.Parameters(texts: ["a", "b"], adapterId: "x")
        #expect(
            try JSONDecoder().decode(Methods.Encode.Parameters.self, from: JSONEncoder().encode(small))
                == small)
    }
}
