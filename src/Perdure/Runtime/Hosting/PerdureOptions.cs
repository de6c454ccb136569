using System.Text.Json;
using Perdure.Kernel;

namespace Perdure;

/// <summary>How a node runs. Every bound has a sane default.</summary>
public sealed class PerdureOptions
{
    /// <summary>The bounds of one instance.</summary>
    public Limits Limits { get; set; } = Limits.Default;

    /// <summary>Instances with work under way at the most; beyond it a start is refused at once with a hint when to try again. What was admitted goes on.</summary>
    public int InFlightMax { get; set; } = 10_000;

    /// <summary>Commands that may wait for a lane; beyond it commands are refused.</summary>
    public int QueueMax { get; set; } = 50_000;

    /// <summary>Waiting instances kept in memory at the most; the longest idle are evicted and reloaded on demand.</summary>
    public int HotMax { get; set; } = 10_000;

    /// <summary>Operations that run at the same time on this node at the most; others wait for their turn.</summary>
    public int OperationsMax { get; set; } = 4_096;

    /// <summary>Rows of turns in one commit at the most.</summary>
    public int BatchItemsMax { get; set; } = 2_000;

    /// <summary>Bytes of records in one commit at the most.</summary>
    public int BatchBytesMax { get; set; } = 8 * 1024 * 1024;

    /// <summary>How long a stop waits for running operations before it cancels them. What is cancelled runs again at the next start under the same token. Where other nodes share the store they go on with it at once, and nothing is waited for.</summary>
    public TimeSpan DrainWithin { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>After how long a body that neither progresses nor waits on its visit is reported.</summary>
    public TimeSpan BodyStallsAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>For how long what has ended is kept: instances 30 days, their keys 90, unless said otherwise. All nodes of a store should say the same.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>How payloads are written and read. Source-generated contexts go into its resolver chain. Unknown, duplicate and missing fields are refused by default.</summary>
    public JsonSerializerOptions Json { get; set; } = DefaultJson();

    /// <summary>What <see cref="Json"/> begins with: web defaults, strict.</summary>
    public static JsonSerializerOptions DefaultJson() => new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        PropertyNameCaseInsensitive = false,
        MaxDepth = 32,
    };
}
