using Perdure.Ports;

namespace Perdure.AspNetCore;

/// <summary>Where pages go. Register one of your own as a singleton; every registered sink gets every page until it has acknowledged it, and waits for no other sink.</summary>
public interface IPageSink
{
    /// <summary>The sink's name in logs and errors.</summary>
    string Name { get; }

    /// <summary>Delivers a page; may be called again for the same key. Completing means that it was acknowledged.</summary>
    /// <exception cref="Exception">It was not: it is tried again.</exception>
    Task Deliver(StoredPage page, CancellationToken cancellation);
}
