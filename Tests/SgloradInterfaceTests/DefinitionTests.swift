import Testing
import VarlinkDefinition

@Suite("The parser of interface definitions") struct DefinitionTests {
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

        type Kind (
          # Not big.
          small, large
        )

        # == Doing ==

        # Does it.
        method Do(thing: Thing) -> ()
        method Undo() -> (kinds: []Kind)

        # Went wrong.
        error Wrong (reason: string)
        """

    @Test func `a definition is parsed with its comments and sections`() throws {
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
        guard case .enumeration(let words)? = definition.type(named: "Kind")?.type else {
            return #expect(Bool(false))
        }
        #expect(words.map(\.documentation) == ["Not big.", ""])
        #expect(definition.types.map(\.section) == [nil, nil])
        #expect(definition.methods.map(\.section) == ["Doing", "Doing"])
        #expect(definition.errors.map(\.section) == ["Doing"])
    }

    @Test(arguments: [
        ("", 1), ("interface", 1), ("interface X", 1), ("interface a.b\ntype t ()", 2),
        ("interface a.b\nmethod A()", 2),
        ("interface a.b\ntype A (b: ??int)", 2), ("interface a.b\ntype A (b: int, c)", 2),
        ("interface a.b\ntype A (b: int b: int)", 2), ("interface a.b\n\nwhat A ()", 3),
        ("interface a.b\ntype A (a, a)", 2), ("interface a.b\ntype A ()\ntype A ()", 3),
        ("interface a.b\ntype A ()\nmethod A() -> ()", 3),
        ("interface a.b\nerror E (a)", 2),
        ("interface a.b\ntype A (b: any)", 2), ("interface a.b\ntype A (b: %)", 2),
        ("interface a.b\ntype A (b: B)", 0),
        ("interface a.b\ntype A (b: \(String(repeating: "[]", count: 100_000))int)", 2),
    ])
    func `a syntax error names its line`(_ text: String, _ line: Int) {
        let error = #expect(throws: InterfaceDefinition.SyntaxError.self) {
            try InterfaceDefinition(parsing: text)
        }
        #expect(error?.line == line)
    }
}
