using System.Collections.Immutable;
using System.Text;

namespace Perdure.Kernel.Tests;

/// <summary>
/// A shell in a few lines: it keeps the log and the rows, carries out effects, and makes up what the outside does. It knows nothing of the rules;
/// checkers watch it from beside.
/// </summary>
internal sealed class World(MapDefinition map)
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly Limits Small = new() { Visits = 6, JournalEntries = 7, WaitingSignals = 2, Messages = 5, PayloadBytes = 40, Recoveries = 2 };
    public static readonly Retry Policy = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1), 3, TimeSpan.FromSeconds(60));

    public MapDefinition Map { get; } = map;
    public Limits Limits { get; init; } = Small;
    public Instance? Instance { get; private set; }
    public List<Record> Log { get; } = [];
    public DateTimeOffset Now { get; set; } = Epoch;

    // Rows.
    public HashSet<string> Tokens { get; } = [];
    public SortedDictionary<int, StackEntry> Stack { get; } = [];
    public HashSet<string> Messages { get; } = [];
    public HashSet<string> Pages { get; } = [];

    // Memory.
    public Dictionary<TimerId, DateTimeOffset> Timers { get; } = [];
    public Dictionary<int, int> Running { get; } = [];
    public (int Ordinal, int Attempt)? Undo { get; private set; }
    public Dictionary<int, string> ChildrenUp { get; } = [];
    public int? Body { get; private set; }
    public Command? Last { get; private set; }
    public int? Notified { get; private set; }

    /// <summary>Called with each command, what stood before it, and the verdict, before effects are carried out.</summary>
    public event Action<Instance?, Command, Verdict>? Decided;

    /// <summary>Called with each effect as it is carried out.</summary>
    public event Action<Effect>? CarriedOut;

    public static Payload Json(string json) => new("t", "", Encoding.UTF8.GetBytes(json));

    public Verdict Start() => Give(new Command.Start(Now, InstanceId.Create(Now, 1, 7), "default", "key-1", "order-1", Json("""{"n":1}"""))
    {
        Parent = new(InstanceId.Create(Now, 0, 3), 4), TraceParent = "00-11-22-01", Priority = 2,
        Attributes = ImmutableSortedDictionary<string, string>.Empty.Add("region", "eu"),
    });

    public Verdict Give(Command command)
    {
        Last = command;
        var before = Instance;
        var verdict = Decider.Decide(Map, Limits, before, command);
        Decided?.Invoke(before, command, verdict);
        if (verdict is not Verdict.Accepted accepted) return verdict;
        if (accepted.Events.Length > 0)
        {
            var record = new Record(accepted.Instance.Id, (before?.Version ?? 0) + 1, command.At, accepted.Events);
            Log.Add(record);
            Instance = accepted.Instance;
        }
        if (command is Command.Recover)
        {
            Timers.Clear();
            Running.Clear();
            Undo = null;
            Body = null;
        }
        if (Instance is { } now && (now.Halted || now.Exit is not null || now.Ended)) Body = null;
        foreach (var effect in accepted.Effects) CarryOut(effect);
        return verdict;
    }

    /// <summary>Takes the instance as another node would read it.</summary>
    public void Become(Instance instance) => Instance = instance;

    private void CarryOut(Effect effect)
    {
        switch (effect)
        {
            case Effect.RunBody e: Body = e.Visit; break;
            case Effect.StartAttempt e: Assert.True(Running.TryAdd(e.Ordinal, e.Attempt), $"{e} runs already"); break;
            case Effect.CancelAttempt e: Assert.True(Running.ContainsKey(e.Ordinal), $"{e} does not run"); break;
            case Effect.StartUndo e: Assert.Null(Undo); Undo = (e.Ordinal, e.Attempt); break;
            case Effect.SetTimer e: Timers[e.Timer] = e.Due; break;
            case Effect.ClearTimer e: Timers.Remove(e.Timer); break;
            case Effect.RaisePage e: Assert.True(Pages.Add(e.Page.Key), $"the page {e.Page.Key} is raised twice"); break;
            case Effect.StartChild e: ChildrenUp[e.Ordinal] = e.RequestKey; break;
            case Effect.CancelChild e: Assert.True(ChildrenUp.ContainsKey(e.Ordinal)); break;
            case Effect.NotifyParent: Assert.Null(Notified); Notified = 1; break;
            case Effect.KeepToken e:
                Assert.True(Tokens.Add(Token.For(Instance!.Id, e.Visit, e.Name, e.Generation)), $"{e} is kept twice");
                if (e.OnStack) Stack.Add(e.Ordinal, new(e.Ordinal, e.Visit, e.Name, e.Generation, e.Operation, e.IntendedAt));
                break;
            case Effect.LeaveStack e: Assert.True(Stack.Remove(e.Ordinal), $"{e} was not there"); break;
            case Effect.SettleStack: Stack.Clear(); break;
            case Effect.KeepMessage e: Assert.True(Messages.Add(e.MessageId), $"{e} is kept twice"); break;
        }
        CarriedOut?.Invoke(effect);
    }

    /// <summary>An attempt ends outside, before its end is told.</summary>
    public void Ended(int ordinal) => Running.Remove(ordinal);

    /// <summary>An undo ends outside, before its end is told.</summary>
    public void UndoEnded() => Undo = null;
}
