using System.Text.Json;

namespace Shop.Tests.Processes;

// What the shop and its engine say on the wire, as far as the tests look at it.

public sealed record WireInstance(string Id, string State, string Status, string Phase, int Visit, int Recoveries, IReadOnlyList<WireStep> Steps, WireGate? Gate, WireIncident? Incident, WireDeadline? Deadline);
public sealed record WireDeadline(DateTimeOffset? Due, bool Breached);
public sealed record WireStep(string Name, string Kind, string Status, int Attempts, bool? Undone);
public sealed record WireGate(string Id, bool? Approved, string? By);
public sealed record WireIncident(int Number, WireFailure? Failure);
public sealed record WireFailure(string Code, string Message);

public sealed record WireHistory(IReadOnlyList<WireEvent> Events, long? Next);
public sealed record WireEvent(string Type, JsonElement Data);
public sealed record WireVerification(bool Intact, long Records, string? Problem);
public sealed record WireMap(string CancelsTo, IReadOnlyList<WireState> States);
public sealed record WireState(string Name, string Kind, IReadOnlyList<string> To);
public sealed record WirePages(IReadOnlyList<WirePage> Pages);
public sealed record WirePage(string Key, string Severity, string Code, string Instance, string State);

public sealed record WireCharge(string Id, decimal Amount, string Status, string Token);
public sealed record WireShipment(string Id, string Status, string Token);
public sealed record WireStock(string Sku, long OnHand, long Reserved, long Shipped);
