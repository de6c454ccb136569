using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// How a lane's messages go out. Each is durable with the turn that decided it, is carried until its receiver has it durably, and is forgotten then; whoever takes the lane over carries on what is
/// there. Receivers count it once: a start by its request key, an end by its message id, a cancel by what it does. One that does not arrive is never given up, and people are told of it.
/// </summary>
internal sealed partial class Lane
{
    private const int CarriedAtOnce = 256;
    // By then a node that stops, and a lane that passes on, are through.
    private static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(InstanceId, string), Owed> _owed = [];
    private readonly Queue<Owed> _held = new();
    private readonly List<Action> _afterOutbox = [];
    private readonly ConcurrentDictionary<(InstanceId, string), string> _late = new();
    private List<OutboxMessage> _arrived = [];
    private int _carried;

    /// <summary>What should have arrived long since, and what waits for another build, in words. Any thread.</summary>
    public IEnumerable<string> Late => _late.Values.Concat(_unreadable.Values);

    /// <summary>A message that has not arrived.</summary>
    private sealed class Owed(OutboxMessage message, ChildLetter? letter, bool kept)
    {
        public OutboxMessage Message => message;
        /// <summary>What is asked for; null where it is the end of a child.</summary>
        public ChildLetter? Letter => letter;
        /// <summary>It stands in the outbox.</summary>
        public bool Kept { get; set; } = kept;
        public int Tries { get; set; }
        /// <summary>Since when it should have arrived; null before it was carried in vain.</summary>
        public DateTimeOffset? Since { get; set; }
        public bool Told { get; set; }

        public override string ToString() => Letter is not { } asks ? $"The end of a child (\"{Message.MessageId}\"), for instance {Message.To},"
            : $"The {(IsCancel(this) ? "cancel" : "start")} of a child of \"{asks.Workflow}\", from instance {asks.From},";
    }

    private bool IsMine(InstanceId instance) => _lease.Rule.Of(instance) == _lease.Lane;

    /// <summary>What a turn owes to others is written with it.</summary>
    private void Write(Turn turn)
    {
        turn.Messages = null;
        foreach (var effect in turn.Effects)
        {
            if (effect is Effect.NotifyParent end)
                (turn.Messages ??= []).Add(new(0, end.Parent.Id, end.MessageId, end.Parent.Ordinal, end.State, end.Result) { IsLetter = !IsMine(end.Parent.Id) });
            else if (LetterId(effect) is { } id && !_owed.ContainsKey((turn.Hot.Id, id)) && LetterOf(turn.Hot, effect, again: !IsNew(turn, effect), out _) is { } letter)
                (turn.Messages ??= []).Add(letter.Message(id));
        }
    }

    // What is asked for again, when an instance is taken up or goes on, may have been started before.
    private static bool IsNew(Turn turn, Effect effect) => effect is Effect.StartChild start && turn.Events.Exists(e => e is ChildIntended intended && intended.Ordinal == start.Ordinal);

    private static string? LetterId(Effect effect) => effect switch
    {
        Effect.StartChild start => ChildLetter.StartId(start.RequestKey),
        Effect.CancelChild cancel => ChildLetter.CancelId(cancel.RequestKey),
        _ => null,
    };

    /// <summary>A turn is durable: what it owes to others goes out.</summary>
    private void SendOut(Hot hot, Effect effect, List<OutboxMessage>? written)
    {
        if (effect is Effect.StartChild && Leaving) return;
        if (effect is not Effect.NotifyParent end) AskFor(hot, effect, written);
        else if (IsMine(end.Parent.Id)) Deliver(end.Parent.Id, end.Parent.Ordinal, end.MessageId, end.State, end.Result);
        else Owe(written!.Find(m => m.MessageId == end.MessageId)!, null, kept: true);
    }

    /// <summary>What was found in the outbox goes out.</summary>
    private void SendOut(OutboxMessage message)
    {
        ChildLetter? letter;
        try
        {
            letter = ChildLetter.In(message);
        }
        catch (JsonException e)
        {
            Log.MessageFailed(_log, e, message.MessageId);      // a newer build's: it stays for that one
            _late[(message.To, message.MessageId)] = $"The message \"{message.MessageId}\", from or for instance {message.To}, is one that this build cannot read; it waits for a node that can.";
            return;
        }
        if (letter is null && IsMine(message.To)) Deliver(message.To, message.Ordinal, message.MessageId, message.State, message.Result);
        else Owe(message, letter, kept: true);
    }

    private void AskFor(Hot parent, Effect effect, List<OutboxMessage>? written)
    {
        var id = LetterId(effect)!;
        if (written?.Find(m => m.MessageId == id) is { } message)
        {
            // Written before the outbox was read, it may have met another of its kind there, of an owner before. That one counts.
            if (ChildLetter.In(message) is { Again: false } || _outboxRead) Owe(message, ChildLetter.In(message), kept: true);
            else ReadOutboxAgain();
        }
        else if (_owed.ContainsKey((parent.Id, id))) return;
        // Whether it stands in the outbox is not known before that has been read.
        else if (!_outboxRead) _afterOutbox.Add(() => { if (!parent.Dropped) AskFor(parent, effect, null); });
        else if (LetterOf(parent, effect, again: true, out var failure) is { } unwritten) Owe(unwritten.Message(id), unwritten, kept: false);
        else Handle(parent, new Command.FailBody(Now, parent.Instance!.Visit, failure!));
    }

    private void OutboxRead()
    {
        _outboxRead = true;
        var waiting = _afterOutbox.ToArray();
        _afterOutbox.Clear();
        foreach (var next in waiting) next();
    }

    /// <summary>A turn that took a message in was not written: the outbox has it still.</summary>
    private void ReadOutboxAgain() => Later(() =>
    {
        if (_readingOutbox) ReadOutboxAgain();
        else (_outboxRead, _outboxUpTo) = (false, 0);
    });

    private void Owe(OutboxMessage message, ChildLetter? letter, bool kept)
    {
        var key = (message.To, message.MessageId);
        if (_owed.TryGetValue(key, out var known))
        {
            known.Kept |= kept;
            return;
        }
        var owed = new Owed(message, letter, kept);
        _owed.Add(key, owed);
        Go(owed);
    }

    private void Go(Owed owed)
    {
        if (Leaving) return;      // the next owner finds it in the outbox
        if (owed.Letter is not { } letter) Carry(owed, () => _node.Give(owed.Message.To, new InstanceCommand.EndChild(owed.Message.Ordinal, owed.Message.MessageId, owed.Message.State, LetterPayload.Of(owed.Message.Result))));
        else if (owed.Message.MessageId == ChildLetter.StartId(letter.RequestKey)) StartChild(owed, letter);
        else CancelChild(owed, letter);
    }

    /// <summary>Hands a message to another lane, of which so many are under way at once.</summary>
    private void Carry(Owed owed, Func<Task<CommandAnswer>> give)
    {
        if (_carried >= CarriedAtOnce)
        {
            _held.Enqueue(owed);
            return;
        }
        _carried++;
        Hear(give(), answer =>
        {
            _carried--;
            Answered(owed, answer);
            if (_carried < CarriedAtOnce && _held.TryDequeue(out var next)) Go(next);
        }, fault =>
        {
            _carried--;
            GoAgain(owed, fault.Message);
            if (_carried < CarriedAtOnce && _held.TryDequeue(out var next)) Go(next);
        });
    }

    private void Answered(Owed owed, CommandAnswer answer)
    {
        switch (answer)
        {
            case CommandAnswer.Done:
                Arrived(owed);
                break;
            case CommandAnswer.Refused(ChildLetter.Unreadable or "store.refused", var why) when owed.Letter is null || IsCancel(owed):
                GoAgain(owed, why, refused: true);
                break;
            case CommandAnswer.Refused(ChildLetter.Unreadable, var why):
                GoAgain(owed, why, refused: true);
                break;
            case CommandAnswer.Refused(var code, var why) when owed.Letter is not null && !IsCancel(owed):
                CannotStart(owed, code, why);
                break;
            // It has ended, or is not there any more: nothing is left to be told.
            case CommandAnswer.Refused or CommandAnswer.NotFound:
                Arrived(owed);
                break;
            case CommandAnswer.Unavailable(var code, var why, _):
                GoAgain(owed, $"{code}: {why}");
                break;
            default:
                GoAgain(owed, answer.GetType().Name);
                break;
        }
    }

    private static bool IsCancel(Owed owed) => owed.Letter is { } letter && owed.Message.MessageId == ChildLetter.CancelId(letter.RequestKey);

    /// <summary>
    /// Carries it again after a while. Who could not be reached is so in a moment, perhaps, and is tried every few seconds; what was refused will be so until somebody does something, and is tried once a
    /// minute. What has been on its way for a minute is shown in the node's health until it arrives, and what is refused for so long is called out once.
    /// </summary>
    private void GoAgain(Owed owed, string why, bool refused = false)
    {
        if (owed.Tries++ % 20 == 1) Log.LetterWaits(_log, owed.Message.MessageId, owed.Message.To, owed.Tries, why);
        var since = owed.Since ??= Now;
        if (Now - since >= LateAfter)
        {
            _late[(owed.Message.To, owed.Message.MessageId)] = string.Create(CultureInfo.InvariantCulture, $"{owed} has not arrived since {since:u} and is carried again and again: {why}");
            if (refused && !owed.Told)
            {
                owed.Told = true;
                Log.LetterRefused(_log, owed.ToString(), why);
            }
        }
        Later(() => Go(owed), Pace(owed.Tries, refused ? 60 : 5));
    }

    private static TimeSpan Pace(int tries, int most) => TimeSpan.FromSeconds(Math.Min(most, 1 << Math.Min(tries - 1, 6)));

    private void Arrived(Owed owed, bool forget = true)
    {
        _owed.Remove((owed.Message.To, owed.Message.MessageId));
        _late.TryRemove((owed.Message.To, owed.Message.MessageId), out _);
        if (forget && owed.Kept) Forget(owed.Message);
    }

    private void Forget(OutboxMessage message) => _arrived.Add(message);

    private void ForgetArrived()
    {
        if (_arrived.Count == 0) return;
        var arrived = _arrived;
        _arrived = [];
        Hear(Done(_node.Store.Forget(_lease.Lane, arrived, CancellationToken.None)), _ => { }, fault =>
        {
            Log.ReadFailed(_log, fault);
            Later(() => _arrived.AddRange(arrived));
        });
    }

    private static async Task<bool> Done(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    /// <summary>What comes of a task, on the lane.</summary>
    private void Hear<T>(Task<T> task, Action<T> answer, Action<Exception> failed) => task.ContinueWith(
        (done, _) => Post(new HeardMessage(() =>
        {
            if (done.IsCompletedSuccessfully) answer(done.Result);
            else failed(done.Exception?.GetBaseException() ?? new TaskCanceledException(done));
        })),
        null, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private sealed class HeardMessage(Action heard) : LaneMessage
    {
        public override void Handle(Lane lane)
        {
            if (!lane._halted) heard();
        }
    }

    /// <summary>How a letter fared at an instance of this lane.</summary>
    private sealed class LetterReply(Lane lane, Owed owed) : Reply
    {
        public override bool Outlives => true;
        public override void Committed(Turn turn) => lane.Answered(owed, new CommandAnswer.Done(true));
        public override void Refused(Refusal refusal) => lane.Answered(owed, new CommandAnswer.Refused(refusal.Wire, refusal.Message));
        public override void NotFound() => lane.Answered(owed, new CommandAnswer.NotFound());
        public override void NotWritten(ItemAnswer answer) => lane.Answered(owed, CommandReply.Of(answer));

        public override void Unavailable(string code, string message)
        {
            if (!lane._halted) lane.GoAgain(owed, $"{code}: {message}");      // where the lane is lost, the next owner finds it in the outbox
        }
    }
}
