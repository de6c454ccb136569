using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>The engine's face: checks and encodes on the caller's thread, then hands to the lane.</summary>
internal sealed class Engine(Node node) : IPerdure
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private const int KeyMax = 200;
    private const string Busy = "Too much is under way.";

    public IReadOnlyList<RegisteredWorkflow> Workflows { get; } =
        [.. node.Registry.All.Select(c => new RegisteredWorkflow(c.Map.Workflow, c.Map.Version, c.Map, c.Workflow))];

    public IViews Views => node.Store.Views;

    public NodeHealth Health => node.Health();

    public bool Owns(InstanceId instance) => node.LaneOf(instance) is not null;

    public event Action<RefusalNotice>? Refused
    {
        add => node.Refused += value;
        remove => node.Refused -= value;
    }

    public Task FeedMoved(long after, CancellationToken cancellation) => node.Feed.Wait(after, cancellation);

    public Task FeedMoved(int log, long after, CancellationToken cancellation) => node.FeedOf(log).Wait(after, cancellation);

    public Task<StartAnswer> Start(StartRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (node.Closed is { } closed) return Answer(new StartAnswer.Unavailable(closed.Code, closed.Message, Soon));
        if (node.CodeFor(request.Workflow, request.Version) is not { } code)
            return Refuse("workflow.not-found", request, request.Version is { } version
                ? $"There is no version {version} of the workflow \"{request.Workflow}\"." : $"There is no workflow \"{request.Workflow}\".", said => new StartAnswer.NoWorkflow(said));
        List<InputFault> faults = [];
        if (!IsKey(request.Key)) faults.Add(new("Idempotency-Key", $"The key must be 1 to {KeyMax} printable characters."));
        if (!IsKey(request.Namespace)) faults.Add(new("namespace", $"The namespace must be 1 to {KeyMax} printable characters."));
        if (request.Input.Length > node.Options.Limits.PayloadBytes) faults.Add(new("$", $"The input has {request.Input.Length} bytes; {node.Options.Limits.PayloadBytes} are allowed."));
        if (faults.Count > 0) return Invalid(request, faults);

        PreparedStart prepared;
        try
        {
            var input = node.Codec.Decode(request.Input.Span, code.Workflow.InputType)
                ?? throw new JsonException("The input is null.", "$", null, null);
            var hash = CanonicalJson.Hash(request.Input, node.Options.Json.MaxDepth is 0 ? 64 : node.Options.Json.MaxDepth);
            prepared = new(request.Namespace, request.Key, code.Workflow.BusinessKey(input), node.Codec.Encode(input, code.Workflow.InputType, code.Workflow.InputType), hash)
            {
                TraceParent = request.TraceParent, Priority = request.Priority, Attributes = request.Attributes,
            };
        }
        catch (JsonException e)
        {
            return Invalid(request, [InputFaults.Of(e)]);
        }
        if (prepared.BusinessKey is { } business && !IsKey(business))
            return Invalid(request, [new("$", $"The workflow's own key of this input must be 1 to {KeyMax} printable characters.")]);

        if (node.Store.Place(new(prepared.Namespace, code.Map.Workflow, prepared.RequestKey, prepared.BusinessKey), cancellation) is { } place) return Placed(place, request, code, prepared, cancellation);
        return Given(request, code, prepared, cancellation);
    }

    /// <summary>Of several databases the keys say which one has the instance, or is to have it.</summary>
    private async Task<StartAnswer> Placed(Task<StartPlace> place, StartRequest request, Carried code, PreparedStart start, CancellationToken cancellation, int again = 3)
    {
        try
        {
            switch (await place.ConfigureAwait(false))
            {
                case StartPlace.In(var lanes) home:
                    if (node.AwayOf(lanes) is { } away) return new StartAnswer.Unavailable(away.Code, away.Message, Soon);
                    var answer = await Given(request, code, start with { Lanes = lanes, Map = home.Map }, cancellation).ConfigureAwait(false);
                    // A newer map has come between the place and the commit: by that one it is placed anew, or it is said that this node has it not.
                    return answer is StartAnswer.Unavailable { Code: ChildLetter.MapOlder } && again > 0
                        ? await Placed(node.Store.Place(new(start.Namespace, code.Map.Workflow, start.RequestKey, start.BusinessKey), cancellation)!, request, code, start, cancellation, again - 1).ConfigureAwait(false) : answer;
                case StartPlace.KeyTaken(var taken):
                    if (taken.PayloadHash.Span.SequenceEqual(start.PayloadHash.Span)) return new StartAnswer.Accepted(taken.Instance, code.Map.Workflow, taken.WorkflowVersion, request.Key, taken.CreatedAt, Created: false);
                    node.Refuse("key.reused", "The idempotency key belongs to an instance that was started with another payload.", code.Map.Workflow, taken.Instance);
                    return new StartAnswer.KeyReused(taken.Instance);
                case StartPlace.BusinessKeyTaken(var instance):
                    node.Refuse("business-key.taken", "The workflow's own key belongs to an instance of another request.", code.Map.Workflow, instance);
                    return new StartAnswer.BusinessKeyTaken(instance, start.BusinessKey ?? "");
                default:
                    throw new InvalidOperationException("The places are a closed set.");
            }
        }
        catch (StoreException e)
        {
            return new StartAnswer.Unavailable(e.Code, e.Message, Soon);
        }
    }

    private Task<StartAnswer> Given(StartRequest request, Carried code, PreparedStart prepared, CancellationToken cancellation)
    {
        var lane = node.NextLane(prepared.Lanes);
        if (lane?.TakesStarts == false || lane is null && node.Forwarding >= node.Options.QueueMax)
            return Refuse("engine.overloaded", request, Busy, _ => new StartAnswer.Overloaded(Soon));
        var reply = new StartReply(node.Shell, code.Map.Workflow, code.Map.Version, prepared);
        if (lane is not null) lane.Post(new Lane.StartMessage(code, prepared, reply));
        else if (node.Store.IsShared) node.Forward(code, prepared, reply);
        else reply.Unavailable("node.no-lane", "This node has lost its lane.");
        return reply.Task.WaitAsync(cancellation);
    }

    public Task<CommandAnswer> Signal(InstanceId instance, string signal, string messageId, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        List<InputFault> faults = [];
        if (!IsKey(messageId)) faults.Add(new("Idempotency-Key", $"The message id must be 1 to {KeyMax} printable characters."));
        if (!IsKey(signal)) faults.Add(new("name", $"A signal's name has 1 to {KeyMax} printable characters."));
        if (body.Length > node.Options.Limits.PayloadBytes) faults.Add(new("$", $"The body has {body.Length} bytes; {node.Options.Limits.PayloadBytes} are allowed."));
        try
        {
            using var document = JsonDocument.Parse(body, new() { MaxDepth = 64, AllowDuplicateProperties = false });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            faults.Add(InputFaults.Of(e));
        }
        if (faults.Count > 0)
        {
            node.Refuse("input.invalid", InputFaults.Say(faults), null, instance);
            return Task.FromResult<CommandAnswer>(new CommandAnswer.Invalid(faults));
        }
        return Send(instance, new InstanceCommand.Signal(signal, messageId, body.ToArray()), cancellation);
    }

    public Task<CommandAnswer> Decide(InstanceId instance, int visit, bool approved, Caller by, string why, CancellationToken cancellation) =>
        Send(instance, new InstanceCommand.Decide(visit, approved, by.Name, by.Roles, why), cancellation);

    public Task<CommandAnswer> Cancel(InstanceId instance, Caller by, string reason, CancellationToken cancellation) =>
        Send(instance, new InstanceCommand.Cancel(by.Name, reason), cancellation);

    public Task<CommandAnswer> Pause(InstanceId instance, Caller by, CancellationToken cancellation) =>
        Send(instance, new InstanceCommand.Pause(by.Name), cancellation);

    public Task<CommandAnswer> Resume(InstanceId instance, Caller by, CancellationToken cancellation) =>
        Send(instance, new InstanceCommand.Resume(by.Name), cancellation);

    public Task<CommandAnswer> Retry(InstanceId instance, Caller by, int? incident, RetryMode mode, CancellationToken cancellation) =>
        Send(instance, new InstanceCommand.Retry(by.Name, incident, mode), cancellation);

    public IReads Reads(bool stale) => new EngineReads(node, (stale ? node.Store.Stale() : null) ?? new OwnReads(node.Store));

    public Task<InstanceView?> Get(InstanceId instance, CancellationToken cancellation) => Reads(stale: false).Get(instance, cancellation);

    public Task<IReadOnlyList<Record>> History(InstanceId instance, long fromVersion, int limit, CancellationToken cancellation) =>
        Reads(stale: false).History(instance, fromVersion, limit, cancellation);

    private Task<CommandAnswer> Send(InstanceId instance, InstanceCommand command, CancellationToken cancellation)
    {
        if (node.Closed is { } closed) return Task.FromResult<CommandAnswer>(new CommandAnswer.Unavailable(closed.Code, closed.Message, Soon));
        if (node.AwayOf(instance) is { } away) return Task.FromResult<CommandAnswer>(new CommandAnswer.Unavailable(away.Code, away.Message, Soon));
        var lane = node.LaneOf(instance);
        if ((lane?.Backlog ?? node.Forwarding) >= node.Options.QueueMax)
        {
            node.Refuse("engine.overloaded", Busy, null, instance);
            return Task.FromResult<CommandAnswer>(new CommandAnswer.Overloaded(Soon));
        }
        var reply = new CommandReply(node.Shell);
        if (lane is not null) lane.Post(new Lane.CommandMessage(instance, command, reply));
        else node.Forward(instance, command, reply);
        return Known(instance, reply.Task.WaitAsync(cancellation), cancellation);
    }

    /// <summary>Of an instance that is not found it is asked whether it was here: by the node that was asked, so that nodes of all versions tell it alike.</summary>
    private async Task<CommandAnswer> Known(InstanceId instance, Task<CommandAnswer> asked, CancellationToken cancellation)
    {
        var answer = await asked.ConfigureAwait(false);
        if (answer is not CommandAnswer.NotFound) return answer;
        try
        {
            return await node.Store.Views.WasRemoved(instance, cancellation).ConfigureAwait(false) ? new CommandAnswer.Removed(instance) : answer;
        }
        catch (StoreException e)
        {
            return new CommandAnswer.Unavailable(e.Code, e.Message, Soon);
        }
    }

    private Task<StartAnswer> Invalid(StartRequest request, IReadOnlyList<InputFault> faults) =>
        Refuse("input.invalid", request, InputFaults.Say(faults), _ => new StartAnswer.Invalid(faults));

    private Task<StartAnswer> Refuse(string code, StartRequest request, string message, Func<string, StartAnswer> answer)
    {
        node.Refuse(code, message, request.Workflow, null);
        return Answer(answer(message));
    }

    private static Task<StartAnswer> Answer(StartAnswer answer) => Task.FromResult(answer);

    private static bool IsKey(string key)
    {
        if (key.Length is 0 or > KeyMax || string.IsNullOrWhiteSpace(key)) return false;
        foreach (var letter in key)
            if (char.IsControl(letter)) return false;
        return true;
    }
}

/// <summary>What the JSON reader found, for people.</summary>
internal static class InputFaults
{
    public static InputFault Of(Exception e)
    {
        // The parser compares names as text, and half of a surrogate pair is none.
        if (e is not JsonException json) return new("$", "A property's name has half of a character.");
        var message = e.Message;
        var tail = message.IndexOf(" Path: ", StringComparison.Ordinal);       // said by the path already
        return new(json.Path ?? "$", tail > 0 ? message[..tail] : message);
    }

    /// <summary>All of them in one line.</summary>
    public static string Say(IReadOnlyList<InputFault> faults) => string.Join(' ', faults.Select(fault => $"{fault.Path}: {fault.Message}"));
}
