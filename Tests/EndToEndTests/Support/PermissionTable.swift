import SgloradInterface
import SpoolForms
import Testing
import Varlink

/// A call of every method with its expected result for each kind of caller.
///
/// Strangers are always denied. `StandingTests` uses the same calls.
enum PermissionTable {
    /// Groups of the daemons that these tests start.
    ///
    /// They need no entry in /etc/group.
    static let (users, administrators) = (60_100, 60_200)

    /// The configuration that names the groups.
    static let configuration = "access:\n  users: \(users)\n  administrators: \(administrators)\n"

    /// A user in neither group.
    static let stranger = OtherUser(uid: 60_001, gid: 60_001, groups: [60_300])
    /// A user, by a supplementary group; the owner of the objects that calls name.
    static let owner = OtherUser(uid: 60_011, gid: 60_011, groups: [users])
    /// Another user, by the primary group.
    static let neighbour = OtherUser(uid: 60_012, gid: users)
    /// An administrator.
    static let administrator = OtherUser(uid: 60_013, gid: 60_013, groups: [administrators])

    /// The expected result of a call.
    enum Expectation {
        /// A reply without an error.
        case answered
        /// Anything but PermissionDenied; other errors of the call do not matter.
        case permitted
        /// NotFound, since the object belongs to somebody else or does not exist.
        case notFound
        /// PermissionDenied.
        case denied
    }

    /// A call of one method, and its results for the owner of the named objects, another user and an administrator.
    struct Row {
        let method: any VarlinkMethod.Type
        /// JSON, in which `REQUEST` and `ADAPTER` stand for identifiers of the owner's objects.
        var parameters = "{}"
        var more = false
        var owner = Expectation.answered
        var neighbour = Expectation.answered
        var administrator = Expectation.answered
    }

    /// The parameters of a request that succeeds.
    static let intent = #"{"intent":{"text":"definitions of birds"}}"#

    /// A method for administrators; the call itself may be invalid.
    private static func reserved(
        _ method: any VarlinkMethod.Type, _ parameters: String, more: Bool = false
    ) -> Row {
        Row(
            method: method, parameters: parameters, more: more, owner: .denied, neighbour: .denied,
            administrator: .permitted)
    }

    /// Every method once.
    static let rows = [
        Row(method: Methods.Request.self, parameters: intent, more: true),
        Row(method: Methods.Submit.self, parameters: intent),
        Row(
            method: Methods.GetRequest.self, parameters: #"{"requestId":"REQUEST"}"#, neighbour: .notFound),
        Row(method: Methods.ListRequests.self),
        Row(
            method: Methods.CancelRequest.self, parameters: #"{"requestId":"REQUEST"}"#, neighbour: .notFound),
        Row(
            method: Methods.RetryRequest.self, parameters: #"{"requestId":"REQUEST","text":"birds"}"#,
            owner: .permitted, neighbour: .notFound, administrator: .permitted),
        // Users may forget only their own requests.
        Row(
            method: Methods.Forget.self, parameters: #"{"label":"none","uid":60011}"#, neighbour: .denied),
        Row(method: Methods.Explain.self, parameters: #"{"text":"definitions of birds"}"#),
        Row(
            method: Methods.Encode.self, parameters: #"{"texts":["birds"],"adapterId":"ADAPTER"}"#,
            neighbour: .notFound),
        reserved(Methods.AddBase.self, #"{"name":"another","files":[]}"#),
        Row(method: Methods.ListBases.self),
        reserved(Methods.RemoveBase.self, #"{"name":"none"}"#),
        reserved(Methods.RenameBase.self, #"{"name":"none","newName":"other"}"#),
        Row(method: Methods.Metrics.self),
        // Called without 'more': everyone who may call it gets ExpectedMore.
        Row(
            method: Methods.Monitor.self, owner: .permitted, neighbour: .permitted,
            administrator: .permitted),
        reserved(Methods.UploadFile.self, #"{"chunk":""}"#),
        reserved(Methods.ImportExpert.self, #"{"name":"x","description":"x","files":[]}"#),
        Row(method: Methods.ListExperts.self),
        Row(method: Methods.GetExpert.self, parameters: #"{"name":"wn-birds"}"#),
        reserved(Methods.RemoveExpert.self, #"{"name":"none"}"#),
        reserved(Methods.TrainGenerator.self, #"{"base":"none"}"#, more: true),
        reserved(Methods.CancelTraining.self, "{}"),
        Row(method: Methods.ListGenerators.self),
        Row(
            method: Methods.GetGenerator.self, parameters: #"{"generatorId":"none"}"#, owner: .permitted,
            neighbour: .permitted, administrator: .permitted),
        reserved(Methods.ExportGenerator.self, #"{"generatorId":"none"}"#, more: true),
        reserved(Methods.ImportGenerator.self, #"{"digest":"none"}"#),
        reserved(Methods.EvaluateGenerator.self, #"{"base":"none","tasks":[]}"#, more: true),
        Row(method: Methods.ListAdapters.self),
        Row(
            method: Methods.GetAdapter.self, parameters: #"{"adapterId":"ADAPTER"}"#, neighbour: .notFound),
        Row(
            method: Methods.ReadAdapter.self, parameters: #"{"adapterId":"ADAPTER"}"#, more: true,
            neighbour: .notFound),
        Row(
            method: Methods.PinAdapter.self, parameters: #"{"adapterId":"ADAPTER","pinned":true}"#,
            neighbour: .notFound),
        // Nothing is published there: the owner is told so, or that the adapter has no name.
        Row(
            method: Methods.PublishAdapter.self, parameters: #"{"adapterId":"ADAPTER","name":"birds"}"#,
            owner: .permitted, neighbour: .notFound, administrator: .permitted),
        Row(
            method: Methods.UnpublishAdapter.self, parameters: #"{"adapterId":"ADAPTER"}"#, owner: .notFound,
            neighbour: .notFound, administrator: .notFound),
        Row(
            method: Methods.RemoveAdapter.self, parameters: #"{"adapterId":"none"}"#, owner: .notFound,
            neighbour: .notFound, administrator: .notFound),
        reserved(Methods.RemoveGenerator.self, #"{"generatorId":"none"}"#),
        reserved(Methods.VerifyCache.self, "{}"),
        reserved(Methods.EvictCache.self, #"{"dryRun":true}"#),
        Row(method: Methods.CacheStatistics.self),
        Row(method: Methods.Status.self),
    ]

    /// The calls of all rows, in order, with the identifiers of an owner's objects.
    static func calls(
        request: String, adapter: String
    ) -> [(method: String, parameters: String, more: Bool)] {
        rows.map { row in
            (
                method: row.method.qualifiedName,
                parameters: row.parameters.replacing("REQUEST", with: request)
                    .replacing("ADAPTER", with: adapter), more: row.more
            )
        }
    }

    /// The identifiers of a request of the owner's and of its adapter, made at a running daemon.
    static func makeObjects(at socket: String) async throws -> (request: String, adapter: String) {
        let made = try await owner.call(Methods.Request.qualifiedName, intent, at: socket)
        let request = try #require(made.parameters["request"] as? [String: Any], "\(made.text)")
        return (
            try #require(request["requestId"] as? String), try #require(request["adapterId"] as? String)
        )
    }
}
