using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// Commands that came in at other nodes, at their lane. One stays in the inbox until it is answered, so that whoever owns the lane carries it out; carrying one out twice has the effect of once.
/// </summary>
internal sealed partial class Lane
{
    private const int InboxPage = 200;
    // The store tells what has come; this is for what it could not tell.
    private static readonly TimeSpan InboxEvery = TimeSpan.FromSeconds(30);

    /// <summary>Places in the inbox of what is being carried out or answered.</summary>
    private readonly HashSet<long> _answering = [];
    private bool _inboxDue = true, _readingInbox;
    private DateTimeOffset _nextInbox = DateTimeOffset.MinValue;

    private void ReadInbox()
    {
        if (!_node.Store.IsShared || Leaving || _readingInbox || (!_inboxDue && Now < _nextInbox)) return;
        (_inboxDue, _readingInbox, _nextInbox) = (false, true, Now + InboxEvery);
        Read(_node.Store.Inbox(_lease.Lane, InboxPage, CancellationToken.None), page =>
        {
            _readingInbox = false;
            if (Leaving) return;
            var news = false;
            foreach (var message in page)
            {
                if (!_answering.Add(message.Position)) continue;
                news = true;
                CarryOut(message);
            }
            _inboxDue |= news && page.Count == InboxPage;
        }, () => _readingInbox = false);
    }

    private void CarryOut(InboxMessage message)
    {
        if (SentStart.IsOne(message))
        {
            Begin(message);
            return;
        }
        var reply = new InboxReply(this, message.Position);
        InstanceCommand command;
        try
        {
            command = InstanceCommand.Read(message.Body);
        }
        catch (JsonException e)
        {
            reply.Answer(new CommandAnswer.Refused(ChildLetter.Unreadable, $"The node that owns the instance does not know this command: {e.Message}"));
            return;
        }
        if (command is InstanceCommand.StartChild child) StartFor(child.Letter, reply);
        // By a node that found lanes as before its store became one of several.
        else if (!IsMine(message.To)) reply.Answer(new CommandAnswer.Unavailable("inbox.elsewhere", $"Instance {message.To} is in another database than the node thought that sent this; ask again.", TimeSpan.Zero));
        else Handle(Take(message.To, owed: false), hot => command.Make(this, hot), reply);
    }

    /// <summary>A start that came in at a node without a lane. Where it was carried out before, the store finds its key and the answer is of the instance that has it.</summary>
    private void Begin(InboxMessage message)
    {
        SentStart sent;
        try
        {
            sent = SentStart.Read(message.Body);
        }
        catch (JsonException e)
        {
            AnswerStart(message.Position, new StartAnswer.Unavailable("inbox.unreadable", $"The node that owns the lane does not know this start: {e.Message}", TimeSpan.Zero));
            return;
        }
        var start = sent.Prepared(_node.Store.IsDivided);
        if (_node.Registry.Find(sent.Workflow, sent.Version) is not { } code)
            AnswerStart(message.Position, new StartAnswer.Unavailable("workflow.absent", $"The node that owns the lane carries no code for {sent.Workflow} version {sent.Version}; others may.", TimeSpan.Zero));
        else if (!TakesStarts) AnswerStart(message.Position, new StartAnswer.Overloaded(TimeSpan.Zero));
        else Start(code, start, new InboxStartReply(this, message.Position, sent.Workflow, sent.Version, start));
    }

    private void AnswerInbox(long position, CommandAnswer answer) => AnswerInbox(position, InboxAnswer.Write(answer), answer is CommandAnswer.Done);

    // Each request is answered for itself: whether an instance was made is true of one of them.
    private void AnswerStart(long position, StartAnswer answer) => AnswerInbox(position, SentStart.Write(answer), final: false);

    private void AnswerInbox(long position, byte[] answer, bool final) =>
        Read(Answered(_node.Store.Answer(position, answer, final, CancellationToken.None)), _ => _answering.Remove(position), () => Later(() => AnswerInbox(position, answer, final)));

    private static async Task<bool> Answered(Task answer)
    {
        await answer.ConfigureAwait(false);
        return true;
    }

    private sealed class InboxReply(Lane lane, long position) : Reply
    {
        public void Answer(CommandAnswer answer) => lane.AnswerInbox(position, answer);

        public override void Committed(Turn turn) => Answer(new CommandAnswer.Done(turn.Events.Count > 0));
        public override void Refused(Refusal refusal) => Answer(new CommandAnswer.Refused(refusal.Wire, refusal.Message));
        public override void NotFound() => Answer(new CommandAnswer.NotFound());
        public override void NotWritten(ItemAnswer answer) => Answer(CommandReply.Of(answer));

        public override void Unavailable(string code, string message)
        {
            // Where the lane goes, the next owner finds the command in the inbox.
            if (!lane.Halted && !lane.Leaving) Answer(new CommandAnswer.Unavailable(code, message, TimeSpan.Zero));
        }
    }

    private sealed class InboxStartReply(Lane lane, long position, string workflow, int version, PreparedStart start) : StartReply(lane.Node.Shell, workflow, version, start)
    {
        protected override void Answer(StartAnswer answer) => lane.AnswerStart(position, answer);

        public override void Unavailable(string code, string message)
        {
            if (!lane.Halted && !lane.Leaving) base.Unavailable(code, message);
        }
    }

    internal sealed class ArrivedMessage : LaneMessage
    {
        public override void Handle(Lane lane) => lane._inboxDue = true;
    }
}
