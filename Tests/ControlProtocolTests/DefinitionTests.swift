import ControlProtocol
import Testing

@Suite struct DefinitionTests {
    private static let text = """
        # What it is.
        # In two lines.
        interface org.example.shapes

        # Not about the type.

        # A thing.
        type Thing (
          # Its name.
          name: string,
          size: ?int, # not about flags
          flags: [string]bool,
          kind: (small, large),
          inner: (ratio: float, more: []object),
          children: ?[]Thing
        )

        type Kind (small, large)

        # Does it.
        method Do(thing: Thing) -> ()
        method Undo() -> (kinds: []Kind)

        # Went wrong.
        error Wrong (reason: string)
        """

    private enum Kind: String, Codable, CaseIterable { case small, large }
    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws {}
    }
    private struct Inner: Decodable {
        var ratio: Double
        var more: [Anything]
    }
    private struct Thing: Decodable {
        var name: String
        var size: Int?
        var flags: [String: Bool]
        var kind: Kind
        var inner: Inner
        var children: [Thing]?
    }

    @Test func parsesEverything() throws {
        let definition = try InterfaceDefinition(parsing: Self.text)
        #expect(definition.name == "org.example.shapes")
        #expect(definition.documentation == "What it is.\nIn two lines.")
        #expect(definition.types.map(\.name) == ["Thing", "Kind"])
        let thing = try #require(definition.type(named: "Thing"))
        #expect(thing.documentation == "A thing.")
        #expect(
            thing.type.description
                == "(name: string, size: ?int, flags: [string]bool, kind: (small, large), inner: (ratio: float, more: []object), children: ?[]Thing)"
        )
        guard case .structure(let fields) = thing.type else { return #expect(Bool(false)) }
        #expect(fields.map(\.documentation) == ["Its name.", "", "", "", "", ""])
        #expect(definition.methods.map(\.documentation) == ["Does it.", ""])
        #expect(definition.method(named: "Do")?.output == .structure([]))
        #expect(definition.error(named: "Wrong")?.parameters.description == "(reason: string)")
    }

    @Test(arguments: [
        ("", 1), ("interface", 1), ("interface X", 1), ("interface a.b\ntype t ()", 2),
        ("interface a.b\nmethod A()", 2),
        ("interface a.b\ntype A (b: ??int)", 2), ("interface a.b\ntype A (b: int, c)", 2),
        ("interface a.b\ntype A (b: int b: int)", 2), ("interface a.b\n\nwhat A ()", 3),
        ("interface a.b\ntype A (a, a)", 2), ("interface a.b\ntype A ()\ntype A ()", 3),
        ("interface a.b\nerror E (a)", 2),
        ("interface a.b\ntype A (b: any)", 2), ("interface a.b\ntype A (b: %)", 2),
        ("interface a.b\ntype A (b: B)", 0),
        ("interface a.b\ntype A (b: \(String(repeating: "[]", count: 100_000))int)", 2),
    ])
    func saysWhereItIsWrong(_ text: String, _ line: Int) {
        let error = #expect(throws: InterfaceDefinition.SyntaxError.self) {
            try InterfaceDefinition(parsing: text)
        }
        #expect(error?.line == line)
    }

    @Test func recordsShapes() throws {
        #expect(try CodableShape.of(Inner.self).description == "(ratio: float, more: []())")
        #expect(try CodableShape.of([String: [Int32]].self) == .dictionary(.array(.int)))
        #expect(try CodableShape.of(Kind.self) == .enumeration(["small", "large"]))
    }

    @Test func holdsTypesAgainstTheInterface() throws {
        struct Lesser: Decodable {
            var name: Int
            var size: Int
            var extra: Bool?
            var flags: [String: String]
            var kind: String
            var inner: Inner
        }
        struct Do: Decodable { var thing: Thing }
        struct Undo: Decodable { var kinds: [Kind] }
        struct Nothing: Decodable {}
        let definition = try InterfaceDefinition(parsing: Self.text)
        #expect(definition.mismatches(of: Thing.self, typed: "Thing") == [])
        #expect(definition.mismatches(of: Kind.self, typed: "Kind") == [])
        #expect(definition.mismatches(of: Do.self, inputOf: "Do") == [])
        #expect(definition.mismatches(of: Nothing.self, outputOf: "Do") == [])
        #expect(definition.mismatches(of: Undo.self, outputOf: "Undo") == [])
        #expect(
            definition.mismatches(of: Nothing.self, error: "Wrong") == [
                "Wrong.reason: in the interface and not in Swift"
            ])
        #expect(
            definition.mismatches(of: Lesser.self, typed: "Thing") == [
                "Thing.name: string in the interface, int in Swift",
                "Thing.size: ?int in the interface, int in Swift",
                "Thing.flags[string]: bool in the interface, string in Swift",
                "Thing.kind: (small, large) in the interface, string in Swift",
                "Thing.children: in the interface and not in Swift",
                "Thing.extra: in Swift and not in the interface",
            ])
        #expect(
            definition.mismatches(of: Thing.self, typed: "Absent") == ["Absent: not a type of the interface"])
    }
}
