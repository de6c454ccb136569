using System.Collections.Immutable;
using System.Text;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.StoreConformance;

/// <summary>An instance whose items a test writes by hand, one after the other, with a hash chain that is right.</summary>
public sealed class Life(string? key = null, string? businessKey = null, string @namespace = "default", int workflowVersion = 1, string workflow = Orders.Workflow)
{
    private static int _counter;
    public static readonly DateTimeOffset Day = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly byte[] PayloadHash = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly byte[] _salt = [.. Enumerable.Range(100, 16).Select(i => (byte)i)];
    private byte[] _head = [];

    public InstanceId Id { get; } = Next();
    public string RequestKey { get; } = key ?? $"key-{Guid.NewGuid():n}";
    public string? BusinessKey => businessKey;
    public string State { get; private set; } = Orders.Received;
    public Status Status { get; private set; } = Status.Running;
    public long Version { get; private set; }
    public int Visit { get; private set; } = 1;
    public DateTimeOffset At { get; private set; } = Day;
    public ReadOnlyMemory<byte> Head => _head;
    public ReadOnlyMemory<byte> Salt => _salt;

    private static InstanceId Next()
    {
        var number = Interlocked.Increment(ref _counter);
        var (lane, lanes) = In;
        return InstanceId.Create(Day.AddMilliseconds(number), 0, lane + number * 37 % (InstanceId.Slots / lanes) * lanes);
    }

    /// <summary>The lane that they are of, and how many there are; of the test that runs.</summary>
    public static (int Lane, int Lanes) In
    {
        get => Lane.Value.Lanes == 0 ? (0, 1) : Lane.Value;
        set => Lane.Value = value;
    }

    private static readonly AsyncLocal<(int Lane, int Lanes)> Lane = new();

    /// <summary>Another one that stands where this one stands: for items that will not be written.</summary>
    public Life Copy() => (Life)MemberwiseClone();

    /// <summary>The item that starts it.</summary>
    public Item Start(Status status = Status.Running, Parent? parent = null, int priority = 0, Effect.KeepToken[]? tokens = null, Effect.SetTimer[]? timers = null, string? letter = null) => Item(
        status, null, tokens: tokens, timers: timers, outboxDone: letter, outboxDoneOf: letter is null ? null : parent!.Id,
        start: new(@namespace, RequestKey, PayloadHash, businessKey, _salt, parent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", priority,
            ImmutableDictionary<string, string>.Empty.Add("customer", "c-1")));

    /// <summary>The item of its next turn: nothing but a record unless said otherwise.</summary>
    public Item Turn(
        string? to = null, Status? status = null, Effect.KeepToken[]? tokens = null, int[]? left = null, bool settles = false, Effect.SetTimer[]? timers = null, TimerId[]? cleared = null,
        string[]? messages = null, OutboxMessage[]? outbox = null, string? outboxDone = null, Page[]? pages = null, int? visit = null, long? version = null) =>
        Item(status ?? (to is Orders.Done or Orders.Revoked ? Status.Ended : to is null ? Status : Status.Running), to, tokens, left, settles, timers, cleared, messages, outbox, outboxDone, pages, visit, version);

    private Item Item(
        Status status, string? to, Effect.KeepToken[]? tokens = null, int[]? left = null, bool settles = false, Effect.SetTimer[]? timers = null, TimerId[]? cleared = null, string[]? messages = null,
        OutboxMessage[]? outbox = null, string? outboxDone = null, Page[]? pages = null, int? visit = null, long? version = null, NewInstance? start = null,
        InstanceId? outboxDoneOf = null)
    {
        var (stateBefore, statusBefore) = (start is null ? State : null, start is null ? Status : (Status?)null);
        if (to is not null) (State, Visit) = (to, visit ?? Visit + 1);
        Status = status;
        Version = version ?? Version + 1;
        At = At.AddMilliseconds(10);
        var body = Encoding.UTF8.GetBytes($"{{\"record\":{Version},\"state\":\"{State}\"}}");
        byte[] digest = new byte[Chain.Size], hash = new byte[Chain.Size];
        Chain.Digest(_salt, body, digest);
        Chain.Link(_head, Id, Version, At, digest, hash);
        _head = hash;
        return new()
        {
            Instance = Id, Workflow = workflow, WorkflowVersion = workflowVersion, Start = start, Version = Version, At = At, Body = body, Hash = hash,
            StateBefore = stateBefore, StateAfter = State, StatusBefore = statusBefore, StatusAfter = status,
            Transitions = to is null ? [] : [new(Visit, stateBefore!, to)], Tokens = tokens ?? [], LeftStack = left ?? [], SettlesStack = settles, TimersSet = timers ?? [],
            TimersCleared = cleared ?? [], Messages = messages ?? [], Outbox = outbox ?? [], OutboxDone = outboxDone, OutboxDoneOf = outboxDoneOf ?? Id, Pages = pages ?? [],
        };
    }

    /// <summary>A token of an undoable operation, on the stack.</summary>
    public static Effect.KeepToken Token(int ordinal, string name, int visit = 1, int generation = 1, bool onStack = true, long intendedAt = 1) =>
        new(ordinal, visit, name, generation, name, onStack) { IntendedAt = intendedAt };
}
