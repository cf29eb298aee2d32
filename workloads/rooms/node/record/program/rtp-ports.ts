import { createSocket, type Socket } from 'node:dgram';

/** Attempts to find a free pair. */
const attempts = 200;
/** A picture of many packets comes at once: what the system keeps for us meanwhile, in bytes. */
const receiveBuffer = 4 * 1024 * 1024;

/** Two neighbouring ports on loopback, the even one for RTP and the odd one for RTCP (RFC 3550, 11). */
export interface RtpPorts {
  readonly port: number;
  close(): void;
}

export async function openRtpPorts(
  onRtp: (datagram: Buffer) => void,
  onRtcp: (datagram: Buffer) => void,
): Promise<RtpPorts> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const rtp = await bind(0);
    if (!rtp) continue;
    const { port } = rtp.address();
    const rtcp = port % 2 === 0 ? await bind(port + 1) : undefined;
    if (!rtcp) {
      rtp.close();
      continue;
    }
    rtp.on('message', onRtp);
    rtcp.on('message', onRtcp);
    return {
      port,
      close() {
        rtp.close();
        rtcp.close();
      },
    };
  }
  throw new Error('there is no free pair of ports');
}

function bind(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBuffer });
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(port, '127.0.0.1', () => {
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}
