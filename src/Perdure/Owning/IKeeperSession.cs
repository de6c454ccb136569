using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Owning;

/// <summary>
/// What the session offers that holds a node's lock: each call is one transaction at the database, and throws where it is not known to have been carried out. Nothing here waits behind what
/// somebody else holds.
/// </summary>
internal interface IKeeperSession
{
    /// <summary>For how long the server has been there, or has been the primary; about, by its own clock. Nothing but politeness hangs on it.</summary>
    TimeSpan Served { get; }

    /// <summary>Writes the row of a new node; the row's id is the node's number.</summary>
    int Join(NodeIdentity node);

    /// <summary>Writes the row of a node again that was taken for dead.</summary>
    void JoinAgain(NodeIdentity node, int number);

    /// <summary>Names the session by its node, so that others find and end it when the node is dead.</summary>
    void Name(int number);

    /// <summary>Takes the node's lock for this session; where a former session of the node has it still, that one is ended and the answer is no.</summary>
    bool Lock(int number);

    /// <summary>Renews the lease and looks at everything, in one transaction.</summary>
    Seen Look(int number, bool leaving);

    /// <summary>Who the nodes are, as they wrote it.</summary>
    IReadOnlyList<NodeIdentity> Identities();

    /// <summary>Takes a node for dead, for certain and for everybody: its row is removed and its sessions are ended, unless it has shown itself since.</summary>
    bool DeclareDead(NodeRow node, Death how);

    /// <summary>Ends what sessions a dead node has left, unless it has joined again.</summary>
    void EndSessions(int node);

    /// <summary>Takes those of the lanes that are free still at the epochs at which they were seen, and that nobody holds the row of.</summary>
    IReadOnlyList<TakenLane> Take(int number, IReadOnlyList<LaneRow> lanes);

    /// <summary>Lets go of lanes, and wakes the others.</summary>
    /// <returns>Those that it could let go of; the rows of the rest are held by somebody, or theirs already.</returns>
    IReadOnlyList<int> Release(int number, IReadOnlyList<ReleasedLane> lanes, string payload);

    /// <summary>Removes the node's row and wakes the others.</summary>
    void Leave(int number, string payload);

    /// <summary>Sends notifications. Nothing rests on their arrival.</summary>
    void Notify(IReadOnlyList<string> payloads);

    /// <summary>Removes commands that were answered that long ago, so many at the most.</summary>
    int ClearInbox(TimeSpan age, int limit);

    /// <summary>The highest id of any instance; asked when a lane was gained.</summary>
    InstanceId Newest();
}
