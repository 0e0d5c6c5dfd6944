"""What can be wrong with a file as a whole, and with one row of it."""

from __future__ import annotations

from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_, NN_

# --- the file as a whole: nothing is changed -------------------------------------------------------------------------


class FileProblem(KanwaError):
    """A file that cannot be imported at all; the store is as it was."""


class NoSuchFile(FileProblem):
    text = N_("{path} cannot be read: {why}. Check the path and who may read the file.")


class EmptyFile(FileProblem):
    text = N_("{path} is empty. Export it again and import the new file.")


class HeaderOnly(FileProblem):
    text = N_("{path} has a header and no rows below it. There is nothing to import.")


class NotATable(FileProblem):
    text = N_("{path} is not a text table: it looks like {what}. Save it as CSV or XLSX and import that.")


class NotAWorkbook(FileProblem):
    text = N_("{path} is not an Excel workbook that can be read ({why}). Open it in a spreadsheet and save it as XLSX.")


class TextNamedWorkbook(FileProblem):
    text = N_("{path} is called a workbook but holds plain text. Rename it to end in .csv and import it again.")


class WorkbookNamedText(FileProblem):
    text = N_("{path} is a workbook under another name. Rename it to end in .xlsx and import it again.")


class UnknownSheet(FileProblem, UsageError):
    text = N_("{path} has no sheet “{sheet}”.{suggestion}")


class UnknownEncoding(FileProblem):
    text = N_(
        "The letters of {path} cannot be read in any encoding that is known here. Save it as UTF-8, or name its encoding."
    )


class WrongEncoding(FileProblem, UsageError):
    text = N_("{path} is not written in {encoding}. Leave the encoding out to have it recognised.")


class BrokenFile(KanwaError):
    """The file ended in the middle. What was read before it broke is in the store, as the batch says."""

    text = N_("{path} breaks off after row {row} ({why}). The rows before it are imported as batch {batch}.")


class MissingColumns(FileProblem):
    text = N_(
        "{path} does not look like {kind}: no column was recognised as {fields}. Its columns are {columns}. Name the "
        "columns to use, for example --map {example}, or give all rows one value with --set."
    )


class UnknownKind(UsageError):
    text = N_("“{kind}” cannot be imported.{suggestion} Kinds are {kinds}.")


class UnknownField(UsageError):
    text = N_("There is no field “{field}” in {kind}.{suggestion} Fields are {fields}.")


class UnknownColumn(UsageError):
    text = N_("The file has no column “{column}” for {field}.{suggestion} Its columns are {columns}.")


class BadTemplate(UsageError):
    text = N_(
        "“{template}” makes no addresses. Write the part that differs as {{customer}}, such as {{customer}}@shop.test."
    )


class BadOption(UsageError):
    text = N_("“{value}” cannot be {name}. It is one of {choices}.")


class BadDelimiter(UsageError):
    text = N_("“{value}” cannot be a delimiter. It is a single character, or a blank for any number of blanks.")


class RefusedRowsNotWritten(UsageError):
    text = N_("The file for refused rows, {path}, cannot be written: {why}.")


class UnknownBatch(UsageError):
    text = N_("There is no import {batch}.")


class AlreadyUndone(UsageError):
    text = N_("Import {batch} is already undone.")


class TooOldToUndo(UsageError):
    text = N_(
        "Import {batch} can no longer be undone: what it overwrote was tidied away. A backup from before still holds it."
    )


# --- one row: it is left out and reported ----------------------------------------------------------------------------


class RowProblem(KanwaError):
    """What is wrong with one row; `column` is the field it is about, or nothing."""

    def __init__(self, *, column: str = "", **values: object) -> None:
        super().__init__(**values)
        self.column = column


class TooFewCells(RowProblem):
    plural = NN_(
        "The row has {cells} cell where the header has {columns}.",
        "The row has {cells} cells where the header has {columns}.",
    )
    counted = "cells"


class TooManyCells(RowProblem):
    plural = NN_(
        "The row has {cells} cell where the header has only {columns}.",
        "The row has {cells} cells where the header has only {columns}.",
    )
    counted = "cells"


class FieldTooLong(RowProblem):
    text = N_("A cell is longer than {most} characters.")


class QuoteNotClosed(RowProblem):
    text = N_("A quotation mark opens in this row and does not close.")


class HasNul(RowProblem):
    text = N_("The cell has a NUL character in it.")


class BadLetters(RowProblem):
    text = N_("The cell has bytes in it that are no letters in {encoding}.")


class CellError(RowProblem):
    text = N_("The cell shows the spreadsheet's error {value}.")


class Missing(RowProblem):
    text = N_("The cell is empty; a value is needed.")


class BadValue(RowProblem):
    """A cell that cannot be read as what its column holds."""


class BadDay(BadValue):
    text = N_("“{value}” is not a day. Write days as 2026-11-22, 20261122 or 22.11.2026.")


class SlashedDay(BadValue):
    text = N_("“{value}” can be read in two ways. Say whether the day or the month comes first.")


class BadMoment(BadValue):
    text = N_("“{value}” is not a time. Write times as 2026-11-22 14:30.")


class BadNumber(BadValue):
    text = N_("“{value}” is not a number.")


class NotWhole(BadValue):
    text = N_("“{value}” is not a whole number from {least} to {most}.")


class BadAmount(BadValue):
    text = N_("“{value}” is not an amount of money.")


class TooFine(BadValue):
    text = N_("“{value}” has more decimals than {currency} has.")


class TooLarge(BadValue):
    text = N_("“{value}” is too large.")


class NegativeAmount(BadValue):
    text = N_("The price is {value}. A price is not below 0.")


class NoCurrency(BadValue):
    text = N_("The currency is not known. Import with a currency, or add a column with it.")


class TwoCurrencies(BadValue):
    text = N_("The amount is in {one}, and the row says {other}.")


class BadCurrency(BadValue):
    text = N_("“{value}” is not a currency. Currencies are three letters, such as PLN.")


class BadTruth(BadValue):
    text = N_("“{value}” is neither yes nor no.")


class BadJson(BadValue):
    text = N_("“{value}” is not a JSON object.")


class NoContactNamed(RowProblem):
    text = N_("The row names no contact: customer number and e-mail address are empty.")


class ContactNotFound(RowProblem):
    text = N_("There is no contact “{value}”. Import the contacts first, or let the import create them.")


class AddressOfAnother(RowProblem):
    text = N_("The address {email} belongs to another contact.")


class ProductNotFound(RowProblem):
    text = N_("There is no product “{value}”. Import the products first, or let the import create them.")


class OfferNotFound(RowProblem):
    text = N_("There is no offer “{value}”. Import the offers first.")


class ConsentRefused(RowProblem):
    text = N_("{why}")


class AnotherCustomer(RowProblem):
    text = N_("The address {email} belongs to the contact with the external id {external_id}.")


class OrderDiffers(RowProblem):
    text = N_("The rows of order {order} do not agree on {what}.")


class OrderBroken(RowProblem):
    text = N_("Another row of order {order} is refused, so the whole order is.")


class OrderWithoutAmounts(RowProblem):
    text = N_("Order {order} has {rows} rows and only a total. Add a column with the amount of each row.")


class OrderTooLong(RowProblem):
    text = N_("The order of this row has more than {most} rows. The column looks like no order number.")


class OrderKnown(RowProblem):
    text = N_("Order {order} is already in the store with other content. It is left as it is.")


class EventKnown(RowProblem):
    text = N_("Event {id} is already in the store with other content. It is left as it is.")


class ReservedKind(RowProblem):
    text = N_("Events “{kind}” are made by the store itself and cannot be imported; import {instead}.")


class RolledUp(RowProblem):
    text = N_("Events “{kind}” as old as this one were tidied away into counts, where it may be counted already.")


class ContractKnown(RowProblem):
    text = N_("Contract {id} belongs to another contact. It is left as it is.")


class EndsBeforeStart(RowProblem):
    text = N_("The contract ends on {end}, before it starts on {start}.")


class NoEnd(RowProblem):
    text = N_("The contract has neither an end nor a duration.")
