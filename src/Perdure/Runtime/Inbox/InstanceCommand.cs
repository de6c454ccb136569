using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Perdure.Kernel;

namespace Perdure.Runtime;

/// <summary>
/// What somebody outside asks of one instance. The set is closed. It is data, so that a node that does not own the instance's lane can send it to the one that does. Each may be carried
/// out any number of times with the effect of once.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "asks")]
[JsonDerivedType(typeof(Signal), "signal")]
[JsonDerivedType(typeof(Decide), "decide")]
[JsonDerivedType(typeof(Cancel), "cancel")]
[JsonDerivedType(typeof(Pause), "pause")]
[JsonDerivedType(typeof(Resume), "resume")]
[JsonDerivedType(typeof(Retry), "retry")]
[JsonDerivedType(typeof(StartChild), "start-child")]
[JsonDerivedType(typeof(CancelChild), "cancel-child")]
[JsonDerivedType(typeof(EndChild), "end-child")]
internal abstract record InstanceCommand
{
    /// <summary>The kernel's command, made at the lane once the instance is in memory.</summary>
    public abstract Command Make(Lane lane, Hot hot);

    /// <summary>By which a repeat is known in the inbox before the instance has it; null where every call stands for itself.</summary>
    [JsonIgnore]
    public virtual string? Key => null;

    public sealed record Signal(string Name, string MessageId, byte[] Body) : InstanceCommand
    {
        public override string Key => $"signal:{MessageId}";
        public override Command Make(Lane lane, Hot hot) => new Command.Send(lane.Now, Name, MessageId, new(Name, "", Body));
    }

    public sealed record Decide(int Visit, bool Approved, string By, ImmutableArray<string> Roles, string Why) : InstanceCommand
    {
        public override Command Make(Lane lane, Hot hot) => new Command.DecideGate(lane.Now, Visit, Approved, By, Roles, Why);
    }

    public sealed record Cancel(string By, string Reason) : InstanceCommand
    {
        public override Command Make(Lane lane, Hot hot) => new Command.Cancel(lane.Now, By, Reason, hot.Code?.DataOfCancelled(lane.Codec, By, Reason));
    }

    public sealed record Pause(string By) : InstanceCommand
    {
        public override Command Make(Lane lane, Hot hot) => new Command.Pause(lane.Now, By);
    }

    public sealed record Resume(string By) : InstanceCommand
    {
        public override Command Make(Lane lane, Hot hot) => new Command.Resume(lane.Now, By);
    }

    public sealed record Retry(string By, int? Incident, RetryMode Mode) : InstanceCommand
    {
        public override Command Make(Lane lane, Hot hot) =>
            new Command.Retry(lane.Now, By, Incident ?? hot.Instance?.Incident?.Number ?? 0, Mode) { Queries = Mode == RetryMode.RestartVisit ? [.. hot.Instance?.Journal.Where(e => IsQuery(lane, e.Value)).Select(e => e.Key) ?? []] : [] };

        // What this node does not carry may have had an effect.
        private static bool IsQuery(Lane lane, Entry entry) => entry.Kind == EntryKind.Step && lane.Node.Registry.Step(entry.Target)?.Handle.IsQuery == true;
    }

    /// <summary>From a parent in another database, to a lane and not to an instance.</summary>
    public sealed record StartChild(ChildLetter Letter) : InstanceCommand
    {
        public override string Key => ChildLetter.StartId(Letter.RequestKey);
        public override Command Make(Lane lane, Hot hot) => throw new InvalidOperationException("A start is of an instance that does not exist yet.");
    }

    public sealed record CancelChild(long Parent, string RequestKey) : InstanceCommand
    {
        public override string Key => ChildLetter.CancelId(RequestKey);
        public override Command Make(Lane lane, Hot hot) => lane.CancelOf(hot, new(Parent));
    }

    /// <summary>From a child in another database.</summary>
    public sealed record EndChild(int Ordinal, string MessageId, string State, LetterPayload Result) : InstanceCommand
    {
        public override string Key => MessageId;
        public override Command Make(Lane lane, Hot hot) => new Command.EndChild(lane.Now, Ordinal, MessageId, State, Result.Payload());
    }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Wire);

    /// <exception cref="JsonException">It is none, or one that this build does not know.</exception>
    public static InstanceCommand Read(ReadOnlyMemory<byte> body)
    {
        var command = JsonSerializer.Deserialize<InstanceCommand>(body.Span, Wire) ?? throw new JsonException("The command is null.");
        // A mode is a number, and the serializer takes any.
        if (command is Retry { Mode: var mode } && !Enum.IsDefined(mode)) throw new JsonException($"There is no retry mode {(int)mode}.");
        return command;
    }

    // What is not said is as if there were no such property: a build before that knows none of that name can read it.
    internal static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };
}

/// <summary>How an answer travels back to the node that asked.</summary>
internal sealed record InboxAnswer(string Is, bool Changed = false, string? Code = null, string? Message = null)
{
    private const string Done = "done", NotFound = "not-found", Refused = "refused", Unavailable = "unavailable";

    public static byte[] Write(CommandAnswer answer) => JsonSerializer.SerializeToUtf8Bytes(answer switch
    {
        CommandAnswer.Done done => new InboxAnswer(Done, done.Changed),
        CommandAnswer.NotFound => new InboxAnswer(NotFound),
        CommandAnswer.Refused refused => new InboxAnswer(Refused, Code: refused.Code, Message: refused.Message),
        CommandAnswer.Unavailable away => new InboxAnswer(Unavailable, Code: away.Code, Message: away.Message),
        _ => throw new InvalidOperationException($"A lane does not answer {answer.GetType().Name}."),
    }, JsonSerializerOptions.Web);

    public static CommandAnswer Read(ReadOnlyMemory<byte> body, TimeSpan retryAfter)
    {
        var answer = JsonSerializer.Deserialize<InboxAnswer>(body.Span, JsonSerializerOptions.Web)!;
        return answer.Is switch
        {
            Done => new CommandAnswer.Done(answer.Changed),
            NotFound => new CommandAnswer.NotFound(),
            Refused => new CommandAnswer.Refused(answer.Code!, answer.Message!),
            _ => new CommandAnswer.Unavailable(answer.Code ?? "inbox.answer", answer.Message ?? "The answer is of a kind that this build does not know; ask again.", retryAfter),
        };
    }
}
