import Varlink

/// `org.varlink.certification`: checks every value that a client sends.
struct CertificationInterface: VarlinkInterface {
    static let everything: JSONValue = [
        "bool": false, "int": 2, "float": .number(.pi), "string": "a lot of string",
    ]
    static let map: JSONValue = ["foo": "Foo", "bar": "Bar"]
    static let mytype: JSONValue = [
        "object": ["method": "org.varlink.certification.Test09", "parameters": ["map": map]],
        "enum": "two", "struct": ["first": 1, "second": "2"], "array": ["one", "two", "three"],
        "dictionary": map,
        "stringset": ["one": [:], "two": [:], "three": [:]],
        "interface": [
            "foo": [nil, ["foo": "foo", "bar": "bar"], nil, ["one": "foo", "two": "bar"]],
            "anon": ["foo": true, "bar": false],
        ],
    ]
    static let replies = (1...10).map { JSONValue.string("Reply number \($0)") }

    /// The parameters of each method besides `client_id`, and its reply.
    static let steps: [String: (takes: JSONValue, gives: JSONValue)] = [
        "Test01": ([:], ["bool": true]),
        "Test02": (["bool": true], ["int": 1]),
        "Test03": (["int": 1], ["float": 1.0]),
        "Test04": (["float": 1.0], ["string": "ping"]),
        "Test05": (["string": "ping"], everything),
        "Test06": (everything, ["struct": everything]),
        "Test07": (["struct": everything], ["map": map]),
        "Test08": (["map": map], ["set": ["one": [:], "two": [:], "three": [:]]]),
        "Test09": (["set": ["one": [:], "two": [:], "three": [:]]], ["mytype": mytype]),
        "Test10": (["mytype": mytype], [:]),
        "Test11": (["last_more_replies": .array(replies)], [:]),
        "End": ([:], ["all_ok": true]),
    ]

    let name = "org.varlink.certification"
    let definition: String
    let log = EventLog()

    func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws {
        if call.methodName == "Start" {
            return try await replies.finish(["client_id": "client"] as JSONValue)
        }
        guard let step = Self.steps[call.methodName] else { throw VarlinkError.methodNotFound(call.method) }
        guard case .object(var members) = try call.parameters(as: JSONValue.self).withoutNulls,
            members.removeValue(forKey: "client_id") == "client", JSONValue.object(members) == step.takes,
            call.oneway == (call.methodName == "Test11"), call.more == (call.methodName == "Test10")
        else {
            log.append("wrong \(call.methodName)")
            throw VarlinkError("org.varlink.certification.CertificationError")
        }
        log.append(call.methodName)
        guard call.methodName == "Test10" else { return try await replies.finish(step.gives) }
        for reply in Self.replies.dropLast() { try await replies.send(["string": reply] as JSONValue) }
        for reply in Self.replies.suffix(1) { try await replies.finish(["string": reply] as JSONValue) }
    }
}
