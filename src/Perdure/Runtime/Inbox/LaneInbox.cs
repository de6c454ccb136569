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
        else Handle(Take(message.To, owed: false), hot => command.Make(this, hot), reply);
    }

    private void AnswerInbox(long position, CommandAnswer answer) =>
        Read(Answered(_node.Store.Answer(position, InboxAnswer.Write(answer), answer is CommandAnswer.Done, CancellationToken.None)), _ => _answering.Remove(position), () => Later(() => AnswerInbox(position, answer)));

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

    internal sealed class ArrivedMessage : LaneMessage
    {
        public override void Handle(Lane lane) => lane._inboxDue = true;
    }
}
