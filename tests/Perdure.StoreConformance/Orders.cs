using Perdure.Kernel;

namespace Perdure.StoreConformance;

/// <summary>The map that the suite uses.</summary>
public static class Orders
{
    public const string Workflow = "orders", Received = "Received", Locked = "Inventory_Locked", Approval = "Approval", Charged = "Charged", Done = "COMPLETED", Revoked = "REVOKED";

    public static MapDefinition Map(int version = 1, TimeSpan? within = null, string chargedSchema = "charged/1", bool shortcut = false, string workflow = Workflow) => new(workflow, version,
    [
        new(Received, StateKind.Start, [Locked, Done], "order/1"),
        new(Locked, StateKind.State, shortcut ? [Approval, Charged, Revoked, Done] : [Approval, Charged, Revoked, Locked], "locked/1") { Within = within },
        new(Approval, StateKind.Gate, [Locked, Revoked], "approval/1") { Role = "risk-officer" },
        new(Charged, StateKind.State, [Done, Revoked], chargedSchema) { Settles = true },
        new(Done, StateKind.End, [], "done/1"),
        new(Revoked, StateKind.Revoked, [], "revoked/1"),
    ], cancelsTo: Revoked);
}
