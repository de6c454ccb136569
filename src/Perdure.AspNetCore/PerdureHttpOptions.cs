namespace Perdure.AspNetCore;

/// <summary>How a node speaks HTTP. Bound from the configuration section <c>Perdure</c>; what code sets comes after it.</summary>
public sealed class PerdureHttpOptions
{
    /// <summary>Who may call. Without any, only loopback connections are accepted, and binding to another address is refused.</summary>
    public IList<ApiKey> ApiKeys { get; } = [];

    /// <summary>Host names, beside <c>localhost</c> and loopback addresses, that a request may be addressed to while no keys are configured.</summary>
    public IList<string> LocalHosts { get; } = [];

    /// <summary>Origins, such as <c>https://console.example</c>, that browsers may write from, beside the server's own.</summary>
    public IList<string> Origins { get; } = [];

    /// <summary>Bytes of a request body at the most.</summary>
    public int BodyBytes { get; set; } = 1_048_576;

    /// <summary>Nesting of a JSON body at the most.</summary>
    public int JsonDepth { get; set; } = 32;

    /// <summary>Header fields of a request at the most.</summary>
    public int HeaderCount { get; set; } = 100;

    /// <summary>Bytes of all header fields of a request at the most.</summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>Bytes of path and query at the most.</summary>
    public int TargetBytes { get; set; } = 4 * 1024;

    /// <summary>Event streams at the same time at the most.</summary>
    public int EventStreams { get; set; } = 256;

    /// <summary>After how long without an event a stream gets a comment, so that it stays open and a dead one is noticed.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Where events say that they come from: the CloudEvents attribute <c>source</c>.</summary>
    public string EventSource { get; set; } = "/perdure";

    /// <summary>Writes all events as JSON lines: <c>-</c> to standard output, anything else to the end of that file; null writes none.</summary>
    public string? JsonLines { get; set; }

    /// <summary>How pages reach people, beside the log.</summary>
    public PagerOptions Pager { get; set; } = new();
}

/// <summary>Who may call, and what for.</summary>
public sealed class ApiKey
{
    /// <summary>Who it is: recorded with what is decided.</summary>
    public string Name { get; set; } = "";

    /// <summary>
    /// The key's hash: <c>sha256:</c> and 64 hexadecimal digits (for random keys), or <c>pbkdf2:iterations:salt:hash</c> in Base64 with SHA-256 (for keys that people
    /// chose; such a key begins with the name and a dot).
    /// </summary>
    public string Hash { get; set; } = "";

    /// <summary><c>reader</c>, <c>starter</c>, <c>operator</c> (which includes both), and the roles of gates.</summary>
    public IList<string> Roles { get; } = [];
}

/// <summary>A webhook that takes the PagerDuty Events API v2 shape.</summary>
public sealed class PagerOptions
{
    /// <summary>Where pages are posted; null posts none.</summary>
    public Uri? Url { get; set; }

    /// <summary>The routing key of the service.</summary>
    public string RoutingKey { get; set; } = "";

    /// <summary>What the pages say they come from; the machine's name unless set.</summary>
    public string? Source { get; set; }

    /// <summary>How long one try may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait after the first try that fails; it doubles with each.</summary>
    public TimeSpan Backoff { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>No wait is longer.</summary>
    public TimeSpan BackoffCap { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Deliveries to one sink at the same time at the most.</summary>
    public int Concurrency { get; set; } = 4;
}
