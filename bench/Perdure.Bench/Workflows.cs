using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Bench;

/// <summary>Items of a workflow of five steps, as the runtime would give them: a start with its first intent, four results with the next intent, and the end.</summary>
internal sealed class Workflows
{
    public const int Steps = 5;

    private static readonly string[] Names = ["reserve-inventory", "capture-charge", "pick-and-pack", "dispatch-shipment", "send-receipt"];
    private static readonly DateTimeOffset Began = DateTimeOffset.UtcNow;
    private static readonly ImmutableDictionary<string, string> None = ImmutableDictionary<string, string>.Empty;

    private readonly byte[] _first = Json(700), _other = Json(300), _hash = SHA256.HashData("x"u8), _salt = new byte[16];
    private long _made;

    public static MapDefinition Map { get; } = new("five-steps", 1,
    [
        new("Working", StateKind.Start, ["DONE"], "input/1"),
        new("DONE", StateKind.End, [], "done/1"),
    ]);

    /// <summary>A new instance's id; five new ones a millisecond, as under load.</summary>
    public InstanceId NewId()
    {
        var number = _made++;
        return InstanceId.Create(Began.AddMilliseconds(number / 20), (int)(number % 20), (int)(number * 7 % InstanceId.Slots));
    }

    /// <summary>The same, in a lane.</summary>
    public InstanceId NewId(int lane, int lanes)
    {
        var number = _made++;
        return InstanceId.Create(Began.AddMilliseconds(number / 20), (int)(number % 20), lane + (int)(number * 7 % (InstanceId.Slots / lanes)) * lanes);
    }

    public long Made => _made;

    /// <summary>The item of a turn, 0 to 5.</summary>
    public Item Turn(InstanceId id, int turn) => new()
    {
        Instance = id,
        Workflow = Map.Workflow,
        WorkflowVersion = 1,
        Start = turn > 0 ? null : new("default", $"order-{Guid.NewGuid():n}", _hash, null, _salt, null, null, 0, None),
        Version = turn + 1,
        At = DateTimeOffset.UtcNow,
        Body = turn == 0 ? _first : _other,
        Hash = _hash,
        StateBefore = turn == 0 ? null : "Working",
        StateAfter = turn == Steps ? "DONE" : "Working",
        StatusBefore = turn == 0 ? null : Status.Running,
        StatusAfter = turn == Steps ? Status.Ended : Status.Running,
        Tokens = turn == Steps ? [] : [new(turn + 1, 1, Names[turn], 1, Names[turn], false)],
        Transitions = turn == Steps ? [new(2, "Working", "DONE")] : [],
    };

    private static byte[] Json(int length) => Encoding.UTF8.GetBytes("{\"text\":\"" + new string('x', length - 11) + "\"}");
}
