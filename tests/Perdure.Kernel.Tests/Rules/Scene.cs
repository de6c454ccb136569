using System.Collections.Immutable;
using System.Text;

namespace Perdure.Kernel.Tests;

/// <summary>An order that goes step by step; each call is one turn.</summary>
internal sealed class Scene
{
    public static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly Retry Thrice = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(2), 3, TimeSpan.FromHours(1));

    public static readonly MapDefinition Order = new("order", 1,
    [
        new("Received", StateKind.Start, ["Locked", "REJECTED"], ""),
        new("Locked", StateKind.State, ["Approval", "Charged", "REVOKED", "Locked"], "") { Within = TimeSpan.FromMinutes(5), Page = Severity.High, ClockStops = true },
        new("Approval", StateKind.Gate, ["Locked", "REVOKED"], "") { Role = "risk-officer" },
        new("Charged", StateKind.State, ["COMPLETED", "REVOKED"], "") { Settles = true },
        new("COMPLETED", StateKind.End, [], ""),
        new("REJECTED", StateKind.End, [], ""),
        new("REVOKED", StateKind.Revoked, [], ""),
    ], "REVOKED");

    public Scene(Limits? limits = null, Parent? parent = null, MapDefinition? map = null)
    {
        Map = map ?? Order;
        Limits = limits ?? Limits.Default;
        Give(new Command.Start(Now, InstanceId.Create(Now, 0, 5), "default", "key", null, P("{}")) { Parent = parent });
    }

    public Limits Limits { get; }
    public MapDefinition Map { get; set; }
    public DateTimeOffset Now { get; set; } = Noon;
    public Instance Instance { get; private set; } = null!;
    public ImmutableArray<Event> Events { get; private set; }
    public ImmutableArray<Effect> Effects { get; private set; }
    public Refusal? Refusal { get; private set; }
    public List<Record> Log { get; } = [];

    public static Payload P(string json) => new("t", "", Encoding.UTF8.GetBytes(json));

    public Scene Give(Command command)
    {
        var verdict = Decider.Decide(Map, Limits, Instance, command);
        Refusal = (verdict as Verdict.Refused)?.Refusal;
        (Events, Effects) = verdict is Verdict.Accepted a ? (a.Events, a.Effects) : ([], []);
        if (verdict is not Verdict.Accepted { Events.Length: > 0 } accepted) return this;
        Log.Add(new(accepted.Instance.Id, Log.Count + 1, command.At, accepted.Events));
        Instance = accepted.Instance;
        return this;
    }

    public Scene After(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return this;
    }

    public Scene Intend(params Intent[] intents) => Give(new Command.Intend(Now, Instance.Visit, [.. intents]));

    public Scene Step(string name, bool canUndo = true, bool atMostOnce = false) => Intend(new Intent.Step(name, $"op-{name}", P("1"), canUndo, atMostOnce));

    public Scene Succeed(string name, string result = "\"ok\"") => End(name, new Outcome.Success(P(result)));

    public Scene Fail(string name, bool transient = false, bool unknown = false, Retry? policy = null, double jitter = 0, bool conclusive = false) =>
        End(name, new Outcome.Failed(new("busy", "no", transient, unknown) { Conclusive = conclusive }), policy, jitter);

    private Scene End(string name, Outcome outcome, Retry? policy = null, double jitter = 0)
    {
        var entry = Instance.Journal[name];
        return Give(new Command.EndAttempt(Now, entry.Ordinal, entry.Attempt, outcome, policy ?? Thrice, jitter));
    }

    public Scene Go(string to) => Give(new Command.Transit(Now, Instance.Visit, to, P("{}")));

    public Scene Fire(TimerKind kind, int ordinal) => Give(new Command.FireTimer(Now, new(kind, ordinal)));

    public Scene Send(string signal, string id) => Give(new Command.Send(Now, signal, id, P($"\"{id}\"")));

    public Scene Undone(int attempt = 1, Failure? failure = null) => Give(new Command.EndUndo(Now, Instance.Stack.Last.Key, attempt, failure, Thrice, 0));

    public Scene Retry(RetryMode mode = RetryMode.Again) => Give(new Command.Retry(Now, "ann", Instance.Incidents, mode));

    public Scene Recover(bool unclean = true) => Give(new Command.Recover(Now, unclean));

    public Scene Cancel() => Give(new Command.Cancel(Now, "ann", "enough", null));

    public T Effect<T>() where T : Effect => Assert.Single(Effects.OfType<T>());

    public Entry Entry(string name) => Instance.Journal[name];
}
