import ErrorModel
import Foundation
import SgloradInterface
import Testing
import Varlink

@testable import sglorad_ctl

/// The mapping of errors to messages and exit statuses.
@Suite struct ExitStatusTests {
    static let expected: [(String, Int32)] = [
        ("io.sglorad.InvalidIntent", 65), ("io.sglorad.InvalidRequest", 65), ("io.sglorad.UnknownBase", 65),
        ("io.sglorad.NotFound", 65), ("io.sglorad.AlreadyExists", 65), ("io.sglorad.NoRelevantExpert", 2),
        ("io.sglorad.EmptyLibrary", 65), ("io.sglorad.InvalidFile", 65),
        ("io.sglorad.UnsupportedAdapter", 65),
        ("io.sglorad.LayoutMismatch", 65), ("io.sglorad.InvalidModel", 1),
        ("io.sglorad.GeneratorUnavailable", 1),
        ("io.sglorad.TrainingFailed", 1), ("io.sglorad.StorageFailure", 1), ("io.sglorad.Busy", 75),
        ("io.sglorad.Cancelled", 1), ("io.sglorad.InternalFailure", 1), ("io.sglorad.SomethingNew", 1),
        ("org.varlink.service.PermissionDenied", 77), ("org.varlink.service.InvalidParameter", 65),
        ("org.varlink.service.MethodNotFound", 1), ("org.example.Busy", 1),
    ]

    @Test(arguments: expected)
    func errorsMapToExitStatuses(_ name: String, _ status: Int32) {
        #expect(ExitStatus(errorName: name).rawValue == status)
    }

    @Test func everyErrorOfTheInterfaceIsCovered() {
        let declared = Wire.definition.split(separator: "\n").filter { $0.hasPrefix("error ") }.map {
            "io.sglorad.\($0.dropFirst(6).prefix { $0 != " " })"
        }
        #expect(declared.count >= 17)
        #expect(Set(declared).subtracting(Self.expected.map(\.0)).isEmpty)
    }

    @Test(arguments: [
        (ConnectionFailure.Reason.noSocket, Int32(69)), (.notListening, 69), (.closed, 69),
        (.malformedReply, 69),
        (.other("x"), 69), (.notAllowed, 77), (.overloaded, 75), (.invalidPath, 64),
    ])
    func connectionFailuresMapToExitStatuses(_ reason: ConnectionFailure.Reason, _ status: Int32) {
        let failure = Failure(ConnectionFailure(path: "/x", reason: reason))
        #expect(failure.status.rawValue == status)
        #expect(failure.message.contains("/x") || reason == .invalidPath)
    }

    @Test func errorReplyKeepsNameMessageAndFields() {
        let failure = Failure(
            VarlinkError(
                "io.sglorad.NoRelevantExpert",
                parameters: [
                    "message": .string("No expert is near."), "proximity": .double(0.125),
                    "nearest": .string("birds"),
                ]))
        #expect(failure.message == "No expert is near.")
        #expect(failure.status == .refused)
        #expect(failure.parameters["nearest"] == .string("birds"))
    }

    @Test func errorReplyWithoutMessageGetsOne() {
        #expect(Failure(VarlinkError.permissionDenied).message.contains("sglorad-users"))
        #expect(Failure(VarlinkError.invalidParameter("intent.topK")).message.contains("intent.topK"))
        #expect(Failure(VarlinkError.methodNotFound("X")).message.contains("older"))
        #expect(Failure(VarlinkError("org.example.Odd")).message.contains("org.example.Odd"))
    }

    @Test func ownErrorsHaveTheInterfacesNames() {
        let failure = Failure(SgloradError.invalidFile("x", "is bad."))
        #expect(failure.name == "io.sglorad.InvalidFile")
        #expect(failure.status == .badData)
        #expect(failure.parameters["message"] == .string("x: is bad."))
    }

    @Test func refusedRequestExitsWithRefused() {
        var request = Wire.QueuedRequest(
            requestId: "r1", state: "refused", base: "b", submittedAt: "", failure: "Too far.")
        #expect(RequestCommand.failure(request).status == .refused)
        #expect(RequestCommand.failure(request).message.contains("Too far."))
        request.state = "failed"
        #expect(RequestCommand.failure(request).status == .failed)
    }

    @Test func failureIsEncodedWithBareValues() throws {
        let failure = Failure(
            name: "io.sglorad.UnknownBase", message: "No.",
            parameters: ["known": .strings(["a/b"]), "n": .int(3), "x": .double(.nan), "y": .double(0.5)],
            remedy: .type("sglorad-ctl base list", to: "list the base models"), status: .badData)
        #expect(
            try Output.encoded(FailureDocument(failure)) == """
                {
                  "error" : "io.sglorad.UnknownBase",
                  "parameters" : {
                    "known" : [
                      "a/b"
                    ],
                    "message" : "No.",
                    "n" : 3,
                    "x" : null,
                    "y" : 0.5
                  },
                  "remedy" : "list the base models: sglorad-ctl base list"
                }
                """)
    }

    @Test func failedImportsExitWithTheirCommonStatus() {
        var summary = ExpertImportSummary()
        #expect(summary.status == nil)
        summary.add(Failure(SgloradError.invalidFile("a", "bad.")), folder: "a")
        summary.add(Failure(SgloradError.invalidFile("b", "bad.")), folder: "b")
        #expect(summary.status == .badData)
        summary.add(Failure(VarlinkError("io.sglorad.Busy")), folder: "c")
        #expect(summary.status == .failed)
        #expect(summary.failures.map(\.folder) == ["a", "b", "c"])
    }
}
