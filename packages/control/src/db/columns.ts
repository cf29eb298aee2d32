import type { ColumnType } from 'kysely';

/** JSON columns are written as strings: `pg` would turn a JavaScript array into a PostgreSQL array. */
export type Json<T> = ColumnType<T, string, string>;
export type JsonDefault<T> = ColumnType<T, string | undefined, string>;
export type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
/** `bigint` arrives as a number: all of ours stay far below 2^53 (the pool sets the parser). */
export type WholeNumber = number;
export type Time = ColumnType<Date, Date | string | undefined, Date | string>;
export type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
