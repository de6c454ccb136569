using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Perdure.AspNetCore;

/// <summary>Where a connection's socket leads, as the transport says: beyond the reach of middleware that believes headers.</summary>
internal sealed record RemoteSocket(EndPoint? EndPoint, EndPoint? Local = null)
{
    /// <summary>Notes it on every connection.</summary>
    public static void Prepare(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(new RemoteSocket(connection.RemoteEndPoint, connection.LocalEndPoint));
        return next(connection);
    });
}
